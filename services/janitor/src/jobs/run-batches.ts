// One run of one job: bounded requests until nothing is left, or the run's time is spent.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Asking, Job } from './job.ts'

export interface JobReport {
  readonly job: string
  readonly rows: number
  readonly batches: number
  readonly ms: number
  readonly longest_batch_ms: number
  /** False when the budget ended the run before the rows did. */
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

/** Rejects with the owner's failure; what was deleted before stays deleted, and the next run goes on from there. */
export const runBatches = async (job: Job, asking: Asking, limits: RunLimits): Promise<JobReport> => {
  const { budgetMs, pauseMs, dryRun, signal } = limits
  const startedAt = performance.now()
  let [rows, batches, longestMs, complete] = [0, 0, 0, false]
  while (!complete && !signal.aborted && performance.now() - startedAt < budgetMs) {
    if (batches > 0 && pauseMs > 0) await sleep(pauseMs)
    const askedAt = performance.now()
    const { rows: more, done } = await job.step(asking, dryRun)
    longestMs = Math.max(longestMs, performance.now() - askedAt)
    rows += more
    batches += 1
    complete = done
  }
  const oldest = signal.aborted ? null : ((await job.oldestLeftMs?.(asking)) ?? null)
  return {
    job: job.name,
    rows,
    batches,
    ms: Math.round(performance.now() - startedAt),
    longest_batch_ms: Math.round(longestMs),
    complete,
    oldest_left_ms: oldest === null ? null : Math.round(oldest),
  }
}
