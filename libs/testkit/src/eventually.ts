// Waiting in tests: for a condition, never for a time.
import { setTimeout as sleep } from 'node:timers/promises'
import { startOwnClock } from './own-time.ts'

const pollMs = 20

/** Of pauses. */
const mostPausedMs = 5_000

/**
 * Calls `attempt` until it neither throws nor rejects, at most `withinMs`; then fails with its last error. A pause of the machine
 * is not counted, up to 5 s in all: what is waited for may have had none of that time either.
 */
export const eventually = async <T>(attempt: () => T | Promise<T>, withinMs = 5_000): Promise<T> => {
  const clock = startOwnClock()
  const lastAt = performance.now() + withinMs + mostPausedMs
  try {
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (clock.ms() > withinMs || performance.now() > lastAt) throw error
      }
      await sleep(pollMs)
    }
  } finally {
    clock.stop()
  }
}
