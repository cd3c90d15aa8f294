// Streaks: runs of consecutive active days. What is stored does not depend on today; `current` is worked out when asked.
import type { Streak } from '@cairn/contracts'
import { dayOf, formatDay } from './day.ts'
import type { OccurredAt } from './occurred-at.ts'
import type { ProgressEvent } from './progress-event.ts'

export interface StreakState {
  readonly activeDays: number
  /** Length of the longest run. */
  readonly longestRun: number
  readonly lastDay: number | null
  /** Length of the run that ends on `lastDay`. */
  readonly lastRun: number
  /** The active event with the greatest `occurred_at` (ties: greatest offset). */
  readonly latestActive: OccurredAt | null
}

export const noStreak: StreakState = { activeDays: 0, longestRun: 0, lastDay: null, lastRun: 0, latestActive: null }

type Runs = Omit<StreakState, 'latestActive'>

/** From all active days, in ascending order, each once. */
export const runsOf = (days: readonly number[]): Runs => {
  let run = 0
  let longestRun = 0
  let lastDay: number | null = null
  for (const day of days) {
    run = lastDay !== null && day === lastDay + 1 ? run + 1 : 1
    longestRun = Math.max(longestRun, run)
    lastDay = day
  }
  return { activeDays: days.length, longestRun, lastDay, lastRun: run }
}

/** Adds days that were not active before, ascending. Undefined when one lies before `lastDay`: then all days are needed. */
export const extendRuns = (before: Runs, newDays: readonly number[]): Runs | undefined => {
  let { activeDays, longestRun, lastDay, lastRun } = before
  for (const day of newDays) {
    if (lastDay !== null && day < lastDay) return undefined
    lastRun = lastDay !== null && day === lastDay + 1 ? lastRun + 1 : 1
    longestRun = Math.max(longestRun, lastRun)
    lastDay = day
    activeDays += 1
  }
  return { activeDays, longestRun, lastDay, lastRun }
}

const isLater = (one: OccurredAt, other: OccurredAt): boolean =>
  one.occurredAtMs === other.occurredAtMs
    ? one.offsetMinutes > other.offsetMinutes
    : one.occurredAtMs > other.occurredAtMs

/** The latest active event, those among `events` included. */
export const latestActive = (before: OccurredAt | null, events: readonly ProgressEvent[]): OccurredAt | null => {
  let latest = before
  for (const { kind, occurredAtMs, offsetMinutes } of events) {
    if (kind !== 'reset' && (latest === null || isLater({ occurredAtMs, offsetMinutes }, latest))) {
      latest = { occurredAtMs, offsetMinutes }
    }
  }
  return latest
}

/** Today's day where the user was last active. */
export const todayOf = (state: StreakState, nowMs: number): number =>
  dayOf({ occurredAtMs: nowMs, offsetMinutes: state.latestActive?.offsetMinutes ?? 0 })

/** The streak as seen on `today`. */
export const presentStreak = (state: StreakState, today: number): Streak =>
  state.lastDay === null
    ? { current: 0, longest: 0, last_day: null, valid_until: null }
    : {
        current: state.lastDay >= today - 1 ? state.lastRun : 0,
        longest: state.longestRun,
        last_day: formatDay(state.lastDay),
        valid_until: formatDay(state.lastDay + 1),
      }
