import { describe, expect, it } from 'vitest'
import { judgeEvents, maxAheadMs, type LogInProgress } from './judge-events.ts'
import { parseEvent } from './parse-event.ts'

const now = Date.parse('2024-03-01T12:00:00Z')
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const event = (n: number, change: object = {}) =>
  parseEvent({
    event_id: id(n),
    track_id: 't',
    item_id: 'i',
    kind: 'practiced',
    occurred_at: '2024-03-01T10:00:00+01:00',
    ...change,
  })
const emptyLog = (seq = 0): LogInProgress => ({ seq, known: new Map(), applied: [] })

describe('receipts', () => {
  it('count on from the head, in the order of the array', () => {
    const log = emptyLog(41)
    expect(judgeEvents([event(1), event(2)], log, now)).toEqual([
      { event_id: id(1), status: 'applied', seq: 42 },
      { event_id: id(2), status: 'applied', seq: 43 },
    ])
    expect(log.seq).toBe(43)
    expect(log.applied.map(applied => applied.seq)).toEqual([42, 43])
  })

  it('say duplicate with the first seq for the same content, however it was spelt', () => {
    const log = emptyLog()
    judgeEvents([event(1, { points: 5 })], log, now)
    const again = event(1, { points: 5, occurred_at: '2024-03-01T10:00:00.000999+01:00' })
    expect(judgeEvents([again], log, now)).toEqual([{ event_id: id(1), status: 'duplicate', seq: 1 }])
    expect(log.applied).toHaveLength(1)
  })

  it.each([
    { points: 6 },
    { points: undefined },
    { kind: 'started' },
    { item_id: 'I' },
    { occurred_at: '2024-03-01T09:00:00Z' },
    { occurred_at: '2024-03-01T10:00:00.001+01:00' },
  ])('say event_conflict for the same id with %j', change => {
    const log = emptyLog()
    judgeEvents([event(1, { points: 5 })], log, now)
    const { points, ...rest } = { points: 5, ...change } as { points?: number }
    const other = event(1, points === undefined ? rest : { points, ...rest })
    expect(judgeEvents([other], log, now)).toEqual([{ event_id: id(1), status: 'rejected', code: 'event_conflict' }])
  })

  it('refuse what is more than a day ahead, leave no trace of it, and take its id later', () => {
    const log = emptyLog()
    const at = (ms: number) => ({ occurred_at: new Date(ms).toISOString() })
    const receipts = judgeEvents(
      [event(1, at(now + maxAheadMs + 1)), event(1, at(now)), event(2, at(now + maxAheadMs))],
      log,
      now,
    )
    expect(receipts).toEqual([
      { event_id: id(1), status: 'rejected', code: 'occurred_in_future' },
      { event_id: id(1), status: 'applied', seq: 1 },
      { event_id: id(2), status: 'applied', seq: 2 },
    ])
  })

  it('stay duplicate for an event once taken, also where the clock is behind', () => {
    const log = emptyLog()
    judgeEvents([event(1)], log, now)
    expect(judgeEvents([event(1)], log, now - 10 * maxAheadMs)).toMatchObject([{ status: 'duplicate', seq: 1 }])
  })

  it('name the faults of what is no event and go on with the next', () => {
    const log = emptyLog()
    expect(judgeEvents([parseEvent(null), event(1)], log, now)).toEqual([
      {
        event_id: null,
        status: 'rejected',
        code: 'invalid_event',
        errors: [{ path: '', message: 'must be an object' }],
      },
      { event_id: id(1), status: 'applied', seq: 1 },
    ])
  })
})
