// Waiting in tests: for a condition, never for a time.
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 20

/** Calls `attempt` until it neither throws nor rejects, at most `withinMs`; then fails with its last error. */
export const eventually = async <T>(attempt: () => T | Promise<T>, withinMs = 5_000): Promise<T> => {
  const deadline = performance.now() + withinMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
    await sleep(pollMs)
  }
}
