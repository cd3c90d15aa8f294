// Streaks as people live them: by their own clock, across offsets, clock changes, leap days and events that come late.
import { rebuild } from '@cairn/progress/rebuild'
import { createPool } from '@cairn/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventWith, phoneOf, startProgressUnderTest, type ProgressUnderTest } from './running-progress.ts'

let progress: ProgressUnderTest
beforeAll(async () => {
  progress = await startProgressUnderTest()
})
afterAll(() => progress.stop())

/** Sends one event after the other, each in a request of its own, and gives what is seen after the last. */
const streakAfter = async (times: readonly string[]) => {
  const phone = phoneOf(progress)
  for (const occurred_at of times) await phone.submit(eventWith({ occurred_at }))
  const { streak, totals } = await phone.snapshot()
  return { longest: streak.longest, lastDay: streak.last_day, activeDays: totals.active_days }
}

describe('the longest run', () => {
  it.each<[string, string[], number]>([
    ['through a leap day', ['2024-02-28T12:00:00Z', '2024-02-29T12:00:00Z', '2024-03-01T12:00:00Z'], 3],
    ['broken by a leap day', ['2024-02-28T12:00:00Z', '2024-03-01T12:00:00Z'], 1],
    ['through the end of February without one', ['2023-02-28T12:00:00Z', '2023-03-01T12:00:00Z'], 2],
    ['through a new year', ['2023-12-31T23:59:59.999Z', '2024-01-01T00:00:00Z'], 2],
    [
      'through a night that is 23 hours long',
      ['2024-03-09T23:30:00-05:00', '2024-03-10T23:30:00-04:00', '2024-03-11T00:30:00-04:00'],
      3,
    ],
    [
      'through a day that is 25 hours long',
      [
        '2024-11-02T00:30:00-04:00',
        '2024-11-03T01:30:00-04:00',
        '2024-11-03T01:30:00-05:00',
        '2024-11-04T23:30:00-05:00',
      ],
      3,
    ],
    [
      'with two days in one hour, of a traveller going west',
      ['2024-05-02T00:30:00+14:00', '2024-05-01T00:30:00-10:00'],
      2,
    ],
    [
      'with one day in two, of a traveller over the date line',
      ['2024-05-01T23:30:00-11:00', '2024-05-03T00:30:00+14:00'],
      1,
    ],
    ['by the days of people, not of Greenwich', ['2024-05-01T23:59:59-12:00', '2024-05-02T00:00:00+12:00'], 2],
    ['of one day, however often', ['2024-05-01T00:00:00Z', '2024-05-01T23:59:59.999Z', '2024-05-01T12:00:00+05:45'], 1],
  ])('%s', async (_what, times, longest) => {
    expect(await streakAfter(times)).toMatchObject({ longest })
    expect(await streakAfter(times.toReversed())).toMatchObject({ longest })
  })
})

it('a track that is called like a day is none', async () => {
  const phone = phoneOf(progress)
  const occurred_at = '2024-03-01T12:00:00Z'
  const track_id = String(Date.parse(occurred_at.slice(0, 10)) / 86_400_000)
  for (const event of [eventWith({ occurred_at }), eventWith({ occurred_at, track_id })]) await phone.submit(event)
  expect((await phone.snapshot()).totals).toMatchObject({ active_days: 1, event_count: 2 })
})

describe('an event that comes late', () => {
  const day = (n: number): string => `2024-05-${String(n).padStart(2, '0')}T12:00:00Z`

  it('joins two runs', async () => {
    expect(await streakAfter([day(1), day(2), day(4), day(5)])).toMatchObject({ longest: 2 })
    expect(await streakAfter([day(1), day(2), day(4), day(5), day(3)])).toMatchObject({
      longest: 5,
      lastDay: '2024-05-05',
    })
  })

  it('before all others lengthens the first run, and on an active day changes nothing', async () => {
    expect(await streakAfter([day(3), day(4), day(9), day(2)])).toMatchObject({ longest: 3, activeDays: 4 })
    expect(await streakAfter([day(3), day(4), day(9), day(3)])).toMatchObject({ longest: 2, activeDays: 3 })
  })

  it('may be one of years ago', async () => {
    expect(await streakAfter([day(1), '1970-01-01T00:00:00Z', '1969-12-31T23:30:00-01:00'])).toMatchObject({
      longest: 2,
      lastDay: '2024-05-01',
      activeDays: 3,
    })
  })
})

it('is what the log says when it is counted again', async () => {
  const pool = createPool({
    url: progress.serviceUrl,
    name: 'rebuild',
    maxConnections: 1,
    connectTimeoutMs: 1_000,
    statementTimeoutMs: 5_000,
    onIdleError: () => undefined,
  })
  try {
    const report = await rebuild(pool, { dryRun: true, onFound: () => undefined, onFailure: () => undefined })
    expect(report).toMatchObject({ differing: 0 })
    expect(report.users).toBeGreaterThan(20)
  } finally {
    await pool.end()
  }
})
