// What handlers work with.
import type { Logger } from '@cairn/runtime'
import type pg from 'pg'
import type { CommitQueue } from './store/commit-queue.ts'

export interface ProgressContext {
  readonly pool: pg.Pool
  readonly commits: CommitQueue
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
}
