// Adds a group's activity to its users' days and brings their streaks to their new state. All days of a user are read only
// when a late event made a day before the last one active.
import type pg from 'pg'
import { activityOf } from '../domain/day.ts'
import { extendRuns, latestActive, runsOf, type StreakState } from '../domain/streak.ts'
import type { UserEvents } from './advance-items.ts'
import { addDays } from './statements/add-days.ts'
import { readActiveDays } from './statements/read-active-days.ts'

export interface UserStreak extends UserEvents {
  readonly before: { readonly streak: StreakState }
}

const newDaysByUser = async (client: pg.ClientBase, logs: readonly UserEvents[]): Promise<Map<string, number[]>> => {
  const rows = logs.flatMap(({ userId, applied }) => activityOf(applied).map(activity => ({ userId, activity })))
  const byUser = new Map<string, number[]>(logs.map(({ userId }) => [userId, []]))
  if (rows.length === 0) return byUser
  for (const { userId, day } of await addDays(client, rows)) byUser.get(userId)?.push(day)
  return byUser
}

/** By user id. Stores the days; the streak itself is part of the head. */
export const advanceStreaks = async (
  client: pg.ClientBase,
  logs: readonly UserStreak[],
): Promise<ReadonlyMap<string, StreakState>> => {
  const newDays = await newDaysByUser(client, logs)
  const extended = new Map(
    logs.map(({ userId, before }) => {
      const days = (newDays.get(userId) ?? []).sort((one, other) => one - other)
      return [userId, extendRuns(before.streak, days)]
    }),
  )
  const late = logs.map(log => log.userId).filter(userId => extended.get(userId) === undefined)
  const allDays = late.length === 0 ? new Map<string, readonly number[]>() : await readActiveDays(client, late)
  return new Map(
    logs.map(({ userId, before, applied }) => {
      const runs = extended.get(userId) ?? runsOf(allDays.get(userId) ?? [])
      return [userId, { ...runs, latestActive: latestActive(before.streak.latestActive, applied) }]
    }),
  )
}
