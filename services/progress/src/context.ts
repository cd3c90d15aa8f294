// What handlers work with.
import type pg from 'pg'
import type { CommitQueue } from './store/commit-queue.ts'

export interface ProgressContext {
  readonly pool: pg.Pool
  readonly commits: CommitQueue
  /** Milliseconds since 1970. */
  readonly now: () => number
}
