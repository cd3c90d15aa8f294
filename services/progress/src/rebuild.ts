// Rebuilding from the log, for the operator's command: all users or one, one transaction each.
import type pg from 'pg'
import { rebuildUser } from './store/rebuild-user.ts'
import { readUserIds } from './store/statements/read-user-ids.ts'

export interface RebuildReport {
  readonly users: number
  /** Users of whom something differed. */
  readonly differing: number
}

export interface RebuildOptions {
  /** All users when left out. */
  readonly userId?: string
  readonly dryRun: boolean
  readonly onDifferences: (userId: string, differences: readonly string[]) => void
}

const pageSize = 500

async function* userIds(pool: pg.Pool, only: string | undefined): AsyncGenerator<string> {
  if (only !== undefined) {
    yield only
    return
  }
  for (let after: string | undefined; ;) {
    const page = await readUserIds(pool, after, pageSize)
    yield* page
    if (page.length < pageSize) return
    after = page.at(-1)
  }
}

export const rebuild = async (pool: pg.Pool, options: RebuildOptions): Promise<RebuildReport> => {
  let users = 0
  let differing = 0
  for await (const userId of userIds(pool, options.userId)) {
    const differences = await rebuildUser(pool, { userId, dryRun: options.dryRun })
    users += 1
    if (differences.length === 0) continue
    differing += 1
    options.onDifferences(userId, differences)
  }
  return { users, differing }
}
