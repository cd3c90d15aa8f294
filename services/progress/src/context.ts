// What handlers work with.
import type pg from 'pg'
import type { CommitQueue } from './store/commit-queue.ts'

export interface ProgressContext {
  readonly pool: pg.Pool
  readonly commits: CommitQueue
  /** The message of that id is published as part of the current request. */
  readonly onBehalfOfThis: (messageId: string) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}
