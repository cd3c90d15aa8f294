// Runs a job again and again with a pause between runs. The first run and every pause are moved at random, so that
// janitors started together do not ask together. Any number may run: the owner's statements share the rows out.
import { setTimeout as sleep } from 'node:timers/promises'

export interface ScheduleOptions {
  readonly everyMs: number
  /** Least pause before the first run, at most `everyMs`. */
  readonly firstRunAfterMs: number
  /** Of the pause: so much longer or shorter at random. */
  readonly jitterPercent: number
  readonly run: () => Promise<void>
  readonly signal: AbortSignal
}

/** However seldom a job runs, its first run is soon: restarts must not put it off for ever. */
const latestFirstPauseMs = 600_000

/** Resolves when `signal` aborts and the run under way has ended. `run` must not reject. */
export const repeat = async ({
  everyMs,
  firstRunAfterMs,
  jitterPercent,
  run,
  signal,
}: ScheduleOptions): Promise<void> => {
  const jitter = jitterPercent / 100
  const random = Math.min(everyMs, latestFirstPauseMs) * jitter * Math.random()
  let pauseMs = Math.min(everyMs, firstRunAfterMs) + random
  while (!signal.aborted) {
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    await run()
    pauseMs = everyMs * (1 + jitter * (2 * Math.random() - 1))
  }
}
