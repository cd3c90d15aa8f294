// A clean-up job: which owner is asked, how often, how much in one request and in one run.
import type { CleanUpBatch, CleanUpResult, Operation } from '@cairn/contracts'

export interface Job {
  readonly name: string
  readonly operation: Operation<typeof CleanUpBatch, typeof CleanUpResult>
  /** Rows in one request: small enough that nobody waits for its locks. */
  readonly batchRows: number
  /** A run ends after this many requests, done or not; the next one goes on. */
  readonly maxBatches: number
}
