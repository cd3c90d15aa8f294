// Which day it is for a reader: in the zone asked for, else where the user was last active.
import { CairnError } from '@cairn/contracts'
import { todayOf, type StreakState } from '../domain/streak.ts'
import { todayIn } from '../domain/time-zone.ts'

/** Days since 1970-01-01. Throws `invalid_request` for a zone that does not exist. */
export const todayFor = (timeZone: string | undefined, streak: StreakState, nowMs: number): number => {
  if (timeZone === undefined) return todayOf(streak, nowMs)
  const today = todayIn(timeZone, nowMs)
  if (today === undefined) {
    throw new CairnError('invalid_request', { errors: [{ path: '/time_zone', message: 'must be an IANA time zone' }] })
  }
  return today
}
