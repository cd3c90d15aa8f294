// Slows a replay down to so many events a second over all users together.
import { setTimeout as sleep } from 'node:timers/promises'

/** Events may be sent as their time comes; with an infinite rate at once. */
export const paceOf = (eventsPerSecond: number): ((events: number) => Promise<void>) => {
  let nextAt = performance.now()
  return async events => {
    const startAt = Math.max(nextAt, performance.now())
    nextAt = startAt + (events * 1_000) / eventsPerSecond
    const waitMs = startAt - performance.now()
    if (waitMs > 1) await sleep(waitMs)
  }
}
