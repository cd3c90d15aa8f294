import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayOf, formatDay, parseDay } from './day.ts'
import { parseOccurredAt, type OccurredAt } from './occurred-at.ts'
import type { ProgressEvent } from './progress-event.ts'
import { extendRuns, latestActive, noStreak, presentStreak, runsOf, todayOf } from './streak.ts'
import { todayIn } from './time-zone.ts'

const days = (...texts: string[]): number[] => texts.map(parseDay)
const at = (text: string): OccurredAt => parseOccurredAt(text) as OccurredAt
const event = (text: string, kind: ProgressEvent['kind'] = 'practiced'): ProgressEvent => ({
  eventId: '',
  trackId: '',
  itemId: '',
  kind,
  ...at(text),
  percent: null,
  score: null,
  points: null,
  durationMs: null,
})

describe('a day', () => {
  it.each([
    ['2024-03-01T23:30:00-08:00', '2024-03-01'],
    ['2024-03-01T00:30:00+14:00', '2024-03-01'],
    ['1970-01-01T00:30:00-01:00', '1970-01-01'],
    ['1969-12-31T23:30:00-01:00', '1969-12-31'],
  ])('of %s is %s, by its own offset', (text, day) => expect(formatDay(dayOf(at(text)))).toBe(day))
})

describe('runs', () => {
  it.each([
    [[], 0, 0],
    [days('2024-02-28', '2024-02-29', '2024-03-01'), 3, 3],
    [days('2023-02-28', '2023-03-01'), 2, 2],
    [days('2023-12-31', '2024-01-01', '2024-01-03'), 2, 1],
    [days('2024-01-01', '2024-01-03', '2024-01-04'), 2, 2],
  ])('of %j: longest %i, last %i', (active, longestRun, lastRun) => {
    expect(runsOf(active)).toMatchObject({ longestRun, lastRun, activeDays: active.length })
  })

  it('come out the same however the days arrive', () => {
    const active = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 30 })
    fc.assert(
      fc.property(active, fc.integer({ min: 1, max: 5 }), (arriving, size) => {
        const seen: number[] = []
        let runs = runsOf([])
        for (let start = 0; start < arriving.length; start += size) {
          const fresh = arriving.slice(start, start + size).sort((one, other) => one - other)
          seen.push(...fresh)
          runs = extendRuns(runs, fresh) ?? runsOf(seen.toSorted((one, other) => one - other))
        }
        expect(runs).toEqual(runsOf(arriving.toSorted((one, other) => one - other)))
      }),
    )
  })
})

describe('the streak as shown', () => {
  const state = { ...runsOf(days('2024-02-28', '2024-02-29')), latestActive: at('2024-02-29T20:00:00-08:00') }

  it.each([
    ['2024-02-28', 2],
    ['2024-02-29', 2],
    ['2024-03-01', 2],
    ['2024-03-02', 0],
  ])('on %s has current %i', (today, current) => {
    expect(presentStreak(state, parseDay(today))).toEqual({
      current,
      longest: 2,
      last_day: '2024-02-29',
      valid_until: '2024-03-01',
    })
  })

  it('is empty before the first active day', () => {
    expect(presentStreak(noStreak, 0)).toEqual({ current: 0, longest: 0, last_day: null, valid_until: null })
  })

  it('takes today from the offset of the latest active event, the greatest on a tie, never from a reset', () => {
    const tied = [
      event('2024-02-29T12:00:00Z'),
      event('2024-02-29T22:00:00+10:00'),
      event('2024-02-29T04:00:00-08:00'),
      event('2024-05-01T00:00:00-08:00', 'reset'),
    ]
    for (const events of [tied, tied.toReversed()]) {
      const latest = latestActive(null, events)
      expect(latest).toEqual(at('2024-02-29T22:00:00+10:00'))
      const today = todayOf({ ...state, latestActive: latest }, Date.parse('2024-02-29T15:00:00Z'))
      expect(formatDay(today)).toBe('2024-03-01')
    }
  })
})

describe('today in a zone', () => {
  it.each([
    ['Pacific/Kiritimati', '2024-03-01T10:30:00Z', '2024-03-02'],
    ['Pacific/Pago_Pago', '2024-03-01T10:30:00Z', '2024-02-29'],
    ['America/New_York', '2024-03-10T04:30:00Z', '2024-03-09'],
    ['America/New_York', '2024-03-11T03:30:00Z', '2024-03-10'],
    ['America/New_York', '2024-03-11T04:00:00Z', '2024-03-11'],
    ['America/New_York', '2024-11-04T04:59:59Z', '2024-11-03'],
    ['UTC', '2024-12-31T23:59:59Z', '2024-12-31'],
  ])('%s at %s is %s', (zone, instant, day) => {
    expect(formatDay(todayIn(zone, Date.parse(instant)) as number)).toBe(day)
  })

  it.each(['Mars/Olympus', '+02:00', '', 'Europe/Berlin\n', '../etc/passwd', '\ud800'])('%j is none', zone =>
    expect(todayIn(zone, 0)).toBeUndefined(),
  )

  // British Summer Time to whoever writes it, Asia/Dhaka to ICU.
  it.each(['BST', 'bst', 'IST', 'PST', 'SystemV/PST8'])('%j is one of ICU alone, and none here', zone =>
    expect(todayIn(zone, 0)).toBeUndefined(),
  )

  it.each(['EST', 'MST7MDT', 'GMT', 'GB', 'Asia/Calcutta', 'Asia/Kolkata', 'europe/berlin', 'Etc/GMT+5'])(
    '%j is one of IANA',
    zone => expect(todayIn(zone, 0)).toBeDefined(),
  )

  it('every zone that Intl lists is one', () => {
    expect(Intl.supportedValuesOf('timeZone').filter(zone => todayIn(zone, 0) === undefined)).toEqual([])
  })
})
