// What a job is: one bounded request after the other until nothing is left.
import type { Bus } from '@cairn/bus'
import type { Operation, ReplyOf, RequestOf } from '@cairn/contracts'
import type { Logger } from '@cairn/runtime'
import type { JobName } from './job-times.ts'

export interface Asking {
  readonly bus: Bus
  readonly logger: Logger
  /** Rows in one request: small enough that nobody waits for its locks. */
  readonly batchRows: number
  readonly ask: <O extends Operation>(operation: O, payload: RequestOf<O>) => Promise<ReplyOf<O>>
  /** Told of what tables there are, for the metrics. */
  readonly onTables: (owner: string, tables: readonly { name: string; rows: number; bytes: number }[]) => void
}

export interface StepResult {
  /** Deleted, or what would have been. */
  readonly rows: number
  /** Nothing is left. */
  readonly done: boolean
}

/** One bounded request; a dry one changes nothing. A walk remembers where it is, over the ends of runs. */
export type Step = (asking: Asking, dryRun: boolean) => Promise<StepResult>

export interface Job {
  readonly name: JobName
  readonly step: Step
  /** For how long the oldest row has been due that is still there; null when none is. */
  readonly oldestLeftMs?: (asking: Asking) => Promise<number | null>
}
