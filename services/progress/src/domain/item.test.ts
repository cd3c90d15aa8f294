import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  advanceItem,
  emptyItem,
  latestReset,
  leftAfterReset,
  nothingCounted,
  presentItem,
  type ItemState,
} from './item.ts'
import type { ProgressEvent } from './progress-event.ts'

const key = { trackId: 't', itemId: 'i' }
const event = (
  kind: ProgressEvent['kind'],
  occurredAtMs: number,
  values: Partial<ProgressEvent> = {},
): ProgressEvent => ({
  eventId: '',
  ...key,
  kind,
  occurredAtMs,
  offsetMinutes: 0,
  percent: null,
  score: null,
  points: null,
  durationMs: null,
  ...values,
})
const stateOf = (events: readonly ProgressEvent[]): ItemState =>
  advanceItem({ key, left: nothingCounted, resetAtMs: latestReset(null, events) }, events)
const shown = (...events: ProgressEvent[]) => presentItem(stateOf(events))

describe('an item', () => {
  it('is not started with nothing', () => {
    expect(shown()).toMatchObject({
      status: 'not_started',
      percent: 0,
      best_score: null,
      first_at: null,
      event_count: 0,
    })
  })

  it('takes the greatest percent and score, the sums, the first and last time', () => {
    const first = event('started', 1_000, { percent: 70, score: -5, points: 3 })
    const second = event('advanced', 500, { percent: 20, score: -9, points: 4, durationMs: 10 })
    expect(shown(first, second)).toEqual({
      track_id: 't',
      item_id: 'i',
      status: 'in_progress',
      percent: 70,
      best_score: -5,
      points: 7,
      duration_ms: 10,
      event_count: 2,
      first_at: '1970-01-01T00:00:00.500Z',
      last_at: '1970-01-01T00:00:01.000Z',
      completed_at: null,
    })
  })

  it('stays completed at 100, since its first completion', () => {
    expect(
      shown(event('completed', 9, { percent: 10 }), event('advanced', 10, { percent: 30 }), event('completed', 7)),
    ).toMatchObject({ status: 'completed', percent: 100, completed_at: '1970-01-01T00:00:00.007Z' })
  })

  it('does not count what is not later than its latest reset', () => {
    const reset = event('reset', 5)
    expect(shown(event('completed', 4), event('completed', 5), reset)).toMatchObject({
      status: 'not_started',
      percent: 0,
    })
    expect(shown(reset, event('advanced', 6, { percent: 5 }), event('reset', 2))).toMatchObject({
      percent: 5,
      event_count: 1,
    })
  })
})

const anyEvent = fc
  .record({
    kind: fc.constantFrom('started', 'advanced', 'completed', 'practiced', 'reset' as const),
    at: fc.integer({ min: 0, max: 12 }),
    percent: fc.option(fc.integer({ min: 0, max: 100 })),
    score: fc.option(fc.integer({ min: -3, max: 3 })),
    points: fc.option(fc.integer({ min: 0, max: 9 })),
  })
  .map(({ kind, at, ...values }) => event(kind, at, kind === 'reset' ? {} : values))

describe('the state of an item', () => {
  it('is the same in any order and any batches, with the log asked only where a reset cuts', () => {
    const property = fc.property(
      fc.array(anyEvent, { maxLength: 30 }),
      fc.integer({ min: 1, max: 6 }),
      (events, size) => {
        let state = emptyItem(key)
        const log: ProgressEvent[] = []
        for (let start = 0; start < events.length; start += size) {
          const batch = events.slice(start, start + size)
          const resetAtMs = latestReset(state.resetAtMs, batch)
          const left = leftAfterReset(state, resetAtMs)
          const counted = left === 'recount' ? advanceItem({ key, left: nothingCounted, resetAtMs }, log) : left
          state = advanceItem({ key, left: counted, resetAtMs }, batch)
          log.push(...batch)
          expect(state).toEqual(stateOf(log.toReversed()))
        }
      },
    )
    fc.assert(property, { numRuns: 300 })
  })
})
