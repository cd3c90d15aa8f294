// Devices that sync late, twice or in any order converge: whatever way a set of events arrives, the stored state is the one
// that the plain rules give for the whole set, after every step.
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { anyEvent } from './any-event.ts'
import { expectedState } from './expected-state.ts'
import {
  eventWith,
  phoneOf,
  startProgressUnderTest,
  type ProgressUnderTest,
  type SentEvent,
} from './running-progress.ts'

let progress: ProgressUnderTest
beforeAll(async () => {
  progress = await startProgressUnderTest()
})
afterAll(() => progress.stop())

const storedState = async (userId: string) => {
  const ms = (column: string): string =>
    `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${column}`
  const rows = async (statement: string): Promise<Record<string, unknown>[]> => {
    const { rows: found } = await progress.database.query<{ row: Record<string, unknown> }>(
      `SELECT to_json(found) AS row FROM (${statement}) AS found`,
      [userId],
    )
    return found.map(one => one.row)
  }
  return {
    items: await rows(`SELECT track_id, item_id, status, percent, best_score, points, duration_ms, event_count,
      ${ms('first_at')}, ${ms('last_at')}, ${ms('completed_at')}
      FROM progress.items WHERE user_id = $1 ORDER BY track_id, item_id`),
    tracks: await rows(`SELECT track_id, items, completed_items, points, duration_ms, event_count, ${ms('last_at')}
      FROM progress.tracks WHERE user_id = $1 ORDER BY track_id`),
    days: await rows(`SELECT day, events, points, duration_ms FROM progress.days WHERE user_id = $1 ORDER BY day`),
  }
}

it('gives the state of the plain rules after every batch, in any order, with anything sent twice', async () => {
  const arrival = fc.record({
    events: fc.array(anyEvent, { minLength: 1, maxLength: 24 }),
    sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
    again: fc.array(fc.nat(), { maxLength: 8 }),
  })
  await fc.assert(
    fc.asyncProperty(arrival, async ({ events, sizes, again }) => {
      const phone = phoneOf(progress)
      const log: SentEvent[] = []
      for (let sent = 0, batch = 0; sent < events.length; batch += 1) {
        const fresh = events.slice(sent, sent + (sizes[batch % sizes.length] as number))
        sent += fresh.length
        const repeated = again.map(index => log[index % (log.length || 1)]).filter(event => event !== undefined)
        log.push(...fresh)
        const { head } = await phone.submit(...repeated, ...fresh, ...fresh)
        const expected = expectedState(log)
        const { totals, streak } = await phone.snapshot()
        expect(head.seq).toBe(log.length)
        expect(await storedState(phone.userId)).toEqual({
          items: expected.items,
          tracks: expected.tracks,
          days: expected.days,
        })
        expect(totals).toEqual(expected.totals)
        expect([streak.longest, streak.last_day]).toEqual([expected.longest, expected.lastDay])
      }
    }),
    { numRuns: 40 },
  )
})

it('gives two users the same who send the same from two devices in opposite order at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { minLength: 2, maxLength: 20 }), async events => {
      const users = [phoneOf(progress, randomUUID()), phoneOf(progress, randomUUID())]
      const orders = [events, events.toReversed()]
      await Promise.all(
        users.flatMap((phone, index) =>
          orders.map((order, device) =>
            device === index ? phone.submit(...order) : Promise.all(order.map(event => phone.submit(event))),
          ),
        ),
      )
      const [one, other] = await Promise.all(users.map(phone => storedState(phone.userId)))
      expect(one).toEqual(other)
      const [first, second] = await Promise.all(users.map(phone => phone.snapshot('UTC')))
      expect(first?.totals).toEqual(second?.totals)
      expect(first?.streak).toEqual(second?.streak)
      expect(first?.head).toEqual(second?.head)
    }),
    { numRuns: 15 },
  )
})

it('counts again from the log what a late reset leaves, an event of the same time not among it', async () => {
  const phone = phoneOf(progress)
  const at = (hour: number): string => `2024-03-01T${String(hour).padStart(2, '0')}:00:00.000Z`
  const log = [
    eventWith({ occurred_at: at(1), percent: 90, points: 1 }),
    eventWith({ occurred_at: at(2), score: 9, points: 2, kind: 'completed' }),
    eventWith({ occurred_at: at(3), score: 4, points: 4, duration_ms: 8 }),
    eventWith({ occurred_at: at(4), percent: 20, points: 8 }),
    eventWith({ occurred_at: at(1), item_id: 'other' }),
  ]
  await phone.submit(...log)
  for (const hour of [2, 1, 4]) {
    const reset = eventWith({ occurred_at: at(hour), kind: 'reset' })
    log.push(reset)
    await phone.submit(reset)
    const { items, tracks, totals } = expectedState(log)
    expect(await storedState(phone.userId)).toMatchObject({ items, tracks })
    expect((await phone.snapshot()).totals).toEqual(totals)
  }
})
