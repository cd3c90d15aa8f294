// Adds a group's activity to its users' days and brings their streaks to their new state. All days of a user are read only
// when a late event made a day before the last one active.
import type { Pipeline } from '@cairn/postgres'
import { activityOf } from '../domain/day.ts'
import { extendRuns, latestActive, runsOf, type StreakState } from '../domain/streak.ts'
import type { UserEvents } from './advance-items.ts'
import { dayKey, type Stored } from './read-stored.ts'
import { addDays } from './statements/add-days.ts'
import { readActiveDays } from './statements/read-active-days.ts'

export interface UserStreak extends UserEvents {
  readonly before: { readonly streak: StreakState }
}

/** By user id. Stores the days; the streak itself is part of the head. */
export const advanceStreaks = async (
  pipeline: Pipeline,
  logs: readonly UserStreak[],
  stored: Stored['activeDays'],
): Promise<ReadonlyMap<string, StreakState>> => {
  const rows = logs.flatMap(({ userId, applied }) => activityOf(applied).map(activity => ({ userId, activity })))
  if (rows.length > 0) pipeline.send(addDays(pipeline, rows))
  const newDays = Map.groupBy(
    rows.filter(({ userId, activity }) => !stored.has(dayKey(userId, activity.day))),
    row => row.userId,
  )
  const extended = new Map(
    logs.map(({ userId, before }) => {
      const days = (newDays.get(userId) ?? []).map(row => row.activity.day).sort((one, other) => one - other)
      return [userId, extendRuns(before.streak, days)]
    }),
  )
  const late = logs.map(log => log.userId).filter(userId => extended.get(userId) === undefined)
  const allDays = late.length === 0 ? new Map<string, readonly number[]>() : await readActiveDays(pipeline, late)
  return new Map(
    logs.map(({ userId, before, applied }) => {
      const runs = extended.get(userId) ?? runsOf(allDays.get(userId) ?? [])
      return [userId, { ...runs, latestActive: latestActive(before.streak.latestActive, applied) }]
    }),
  )
}
