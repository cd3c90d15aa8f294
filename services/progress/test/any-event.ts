// Events that meet often: few names, few times, every kind, offsets from all over the world.
import fc from 'fast-check'
import { eventWith, type SentEvent } from './running-progress.ts'

const day = 86_400_000
/** `+12:00` gives the same instants as `Z`, on other days. */
const offsets = ['Z', 'Z', '+12:00', '+05:45', '-09:30', '+14:00']

const anyEventOf = (startMs: number, steps: number): fc.Arbitrary<SentEvent> =>
  fc
    .record({
      kind: fc.constantFrom('started', 'advanced', 'completed', 'practiced', 'reset' as const),
      track: fc.integer({ min: 0, max: 1 }),
      item: fc.integer({ min: 0, max: 1 }),
      step: fc.integer({ min: 0, max: steps }),
      offset: fc.constantFrom(...offsets),
      percent: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
      score: fc.option(fc.double({ min: -5, max: 5, noNaN: true }), { nil: undefined }),
      points: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
      duration: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
    })
    .map(({ kind, track, item, step, offset, percent, score, points, duration }): SentEvent => {
      const values = {
        ...(percent === undefined ? {} : { percent }),
        ...(score === undefined ? {} : { score: score === 0 ? 0 : score }),
        ...(points === undefined ? {} : { points }),
        ...(duration === undefined ? {} : { duration_ms: duration }),
      }
      return eventWith({
        kind: kind,
        track_id: `t${track}`,
        item_id: `i${item}`,
        occurred_at: new Date(startMs + step * (day / 2)).toISOString().replace('Z', offset),
        ...(kind === 'reset' ? {} : values),
      })
    })

/** Around a leap day. */
export const anyEvent = anyEventOf(Date.parse('2024-02-27T00:00:00Z'), 9)

/** Of the last days, so that a streak may be going on; the last of them may lie a few hours ahead. */
export const anyRecentEvent = anyEventOf(Math.floor(Date.now() / day) * day - 4 * day, 8)
