// One run of one job: bounded requests until the owner has nothing left, or the run's budget is spent.
import type { Job } from './job.ts'

export interface JobReport {
  readonly job: string
  readonly rows: number
  readonly batches: number
  readonly ms: number
  /** False when the budget ended the run before the rows did. */
  readonly complete: boolean
}

/** Asks the owner to delete at most `limit` rows; resolves with how many it did. */
export type CleanUp = (job: Job) => Promise<number>

/** Rejects with the owner's failure; what was deleted before stays deleted, and the next run goes on from there. */
export const runJob = async (job: Job, cleanUp: CleanUp, signal: AbortSignal): Promise<JobReport> => {
  const startedAt = performance.now()
  let rows = 0
  let batches = 0
  let complete = false
  while (!complete && batches < job.maxBatches && !signal.aborted) {
    const deleted = await cleanUp(job)
    rows += deleted
    batches += 1
    complete = deleted < job.batchRows
  }
  return { job: job.name, rows, batches, ms: Math.round(performance.now() - startedAt), complete }
}
