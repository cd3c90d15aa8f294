// What is known of a user's log as a whole: its head, totals and streak. A user without events has the empty one.
import { noStreak, type StreakState } from './streak.ts'
import { noTotals, type TotalsState } from './totals.ts'

export interface LogState {
  /** Names the one unbroken history all logs belong to. */
  readonly epoch: string
  /** `seq` of the last event, 0 before the first. */
  readonly seq: number
  readonly totals: TotalsState
  readonly streak: StreakState
}

export const emptyLog = (epoch: string): LogState => ({ epoch, seq: 0, totals: noTotals, streak: noStreak })
