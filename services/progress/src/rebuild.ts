// Rebuilding from the log, for the operator's command: all users or one, one transaction each.
import { isConnectionLoss } from '@cairn/postgres'
import type pg from 'pg'
import { rebuildUser, type RebuiltUser } from './store/rebuild-user.ts'
import { readUserIds } from './store/statements/read-user-ids.ts'

export type { RebuiltUser }

export interface RebuildReport {
  readonly users: number
  /** Users of whom something differed. */
  readonly differing: number
  /** Users whose log is not whole. */
  readonly damaged: number
  /** Users who could not be rebuilt. */
  readonly failed: number
}

export interface RebuildOptions {
  /** All users when left out. */
  readonly userId?: string
  readonly dryRun: boolean
  /** Of whom something differed or is missing. */
  readonly onFound: (userId: string, found: RebuiltUser) => void
  /** The others go on; when the database is lost, all ends. */
  readonly onFailure: (userId: string, error: unknown) => void
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
  const report = { users: 0, differing: 0, damaged: 0, failed: 0 }
  for await (const userId of userIds(pool, options.userId)) {
    try {
      const found = await rebuildUser(pool, { userId, dryRun: options.dryRun })
      if (found === undefined) continue
      report.users += 1
      if (found.differences.length > 0) report.differing += 1
      if (found.holes.length > 0) report.damaged += 1
      if (found.differences.length + found.holes.length > 0) options.onFound(userId, found)
    } catch (error) {
      if (isConnectionLoss(error)) throw error
      report.failed += 1
      options.onFailure(userId, error)
    }
  }
  return report
}
