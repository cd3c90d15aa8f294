// Devices that sync late, twice or in any order converge: whatever way a set of events arrives, the stored state is the one
// that the plain rules give for the whole set, after every step.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { anyEvent, anyRecentEvent } from './any-event.ts'
import { expectedState, expectedStreak } from './expected-state.ts'
import {
  eventWith,
  phoneOf,
  startProgressUnderTest,
  type ProgressUnderTest,
  type SentEvent,
} from './running-progress.ts'

type Phone = ReturnType<typeof phoneOf>

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
    seqs: (await rows(`SELECT seq FROM progress.events WHERE user_id = $1 ORDER BY seq`)).map(({ seq }) => seq),
  }
}

const expectPlainRules = async (phone: Phone, log: readonly SentEvent[]): Promise<void> => {
  const { totals, ...rows } = expectedState(log)
  expect(await storedState(phone.userId)).toEqual({ ...rows, seqs: log.map((_, index) => index + 1) })
  // Midnight may pass between the two.
  const [before, snapshot] = [Date.now(), await phone.snapshot()]
  expect(snapshot.totals).toEqual(totals)
  expect([expectedStreak(log, before), expectedStreak(log, Date.now())]).toContainEqual(snapshot.streak)
}

it.each([
  ['around a leap day', anyEvent],
  ['of the last days', anyRecentEvent],
])('gives the state of the plain rules after every batch %s, with anything sent twice', async (_when, event) => {
  const arrival = fc.record({
    events: fc.array(event, { minLength: 1, maxLength: 24 }),
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
        const repeated = again.map(index => log[index % (log.length || 1)]).filter(one => one !== undefined)
        log.push(...fresh)
        expect((await phone.submit(...repeated, ...fresh, ...fresh)).head.seq).toBe(log.length)
        await expectPlainRules(phone, log)
      }
    }),
    { numRuns: 30 },
  )
})

/** What each of two devices sends before the rest, and how everything is sent once more at the end. */
const anyArrival = (events: SentEvent[]) =>
  fc.record({
    devices: fc.tuple(fc.shuffledSubarray(events), fc.shuffledSubarray(events)),
    all: fc.shuffledSubarray(events, { minLength: events.length }),
    batchSize: fc.integer({ min: 1, max: 5 }),
  })
const anyTwoArrivals = fc
  .array(fc.oneof(anyEvent, anyRecentEvent), { minLength: 2, maxLength: 20 })
  .chain(events =>
    fc.record({ events: fc.constant(events), arrivals: fc.tuple(anyArrival(events), anyArrival(events)) }),
  )

it('gives the same whatever the order, the batches and the device that each event comes from', async () => {
  const sendBatches = async (phone: Phone, events: readonly SentEvent[], batchSize: number): Promise<void> => {
    for (let from = 0; from < events.length; from += batchSize) {
      await phone.submit(...events.slice(from, from + batchSize))
    }
  }
  await fc.assert(
    fc.asyncProperty(anyTwoArrivals, async ({ events, arrivals }) => {
      for (const { devices, all, batchSize } of arrivals) {
        const phone = phoneOf(progress)
        await Promise.all(devices.map(sent => sendBatches(phone, sent, batchSize)))
        await sendBatches(phone, all, batchSize)
        await expectPlainRules(phone, events)
      }
    }),
    { numRuns: 25 },
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
