// What a relay of an outbox has to be given.
import type { OutboxRow } from './outbox-shortcut.ts'

export interface OutboxOptions {
  readonly url: string
  /**
   * Qualified name of the table, e.g. `progress.outbox`. Not input: part of the code. Whoever fills it has written something
   * else in the same transaction before (outbox-floor.ts says why).
   */
  readonly table: string
  readonly batchSize: number
  /** Of so many subjects at least it is known what was published last: what is committed next of them need not be read back. 0: of none. */
  readonly rememberedSubjects: number
  /** How long a row waits at most when the wake-up was lost. */
  readonly pollMs: number
  /**
   * A relay that asks nothing of the database for so long, e.g. because its process is frozen, loses its place; one of which
   * nothing is taken for so long leaves it.
   */
  readonly takeoverMs: number
  /** What `publish` takes at most. */
  readonly publishTimeoutMs: number
  readonly publish: (row: OutboxRow) => Promise<void>
  /** Whether `publish` has anywhere to go; while it has not, the place is another replica's. Wake the relay when it has again. */
  readonly connected: () => boolean
  readonly onFailure: (error: unknown) => void
}
