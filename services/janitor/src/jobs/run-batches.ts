// One run of one job: bounded requests until nothing is left, or the run's time is spent.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Asking, Job } from './job.ts'

export interface JobReport {
  readonly job: string
  readonly rows: number
  readonly batches: number
  readonly ms: number
  readonly longest_batch_ms: number
  /** False when the budget, a stop or a failure ended the run before the rows did. */
  readonly complete: boolean
  /** For how long the oldest row has been due that is still there; null when none is, or the job cannot know. */
  readonly oldest_left_ms: number | null
}

export interface RunLimits {
  readonly budgetMs: number
  /** Between two requests, so that others come to their turn. */
  readonly pauseMs: number
  readonly dryRun: boolean
  readonly signal: AbortSignal
}

/** A stop ends it. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined)

export interface JobRun {
  readonly report: JobReport
  /** Why it ended early, if that was neither its budget nor a stop. */
  readonly failure?: Error
}

/** Never rejects: what was deleted before a failure stays deleted and is told of; the next run goes on from there. */
export const runBatches = async (job: Job, asking: Asking, limits: RunLimits): Promise<JobRun> => {
  const { budgetMs, pauseMs, dryRun, signal } = limits
  const startedAt = performance.now()
  const leftMs = (): number => startedAt + budgetMs - performance.now()
  let [rows, batches, longestMs, complete] = [0, 0, 0, false]
  let oldest: number | null = null
  const report = (): JobReport => ({
    job: job.name,
    rows,
    batches,
    ms: Math.round(performance.now() - startedAt),
    longest_batch_ms: Math.round(longestMs),
    complete,
    oldest_left_ms: oldest === null ? null : Math.round(oldest),
  })
  try {
    while (!complete && !signal.aborted && leftMs() > 0) {
      const askedAt = performance.now()
      const { rows: more, done } = await job.step(asking, dryRun)
      longestMs = Math.max(longestMs, performance.now() - askedAt)
      rows += more
      batches += 1
      complete = done
      if (!done && pauseMs >= leftMs()) break
      if (!done && pauseMs > 0) await pause(pauseMs, signal)
    }
    if (!signal.aborted) oldest = (await job.oldestLeftMs?.(asking)) ?? null
    return { report: report() }
  } catch (error) {
    return { report: report(), failure: error instanceof Error ? error : new Error(String(error)) }
  }
}
