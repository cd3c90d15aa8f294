// Deletes sessions that nobody refreshed in time, some pages of the table at a time, for the janitor.
import type { Handler } from '@cairn/bus'
import type { sweepIdleSessions as operation } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { sweepIdleSessions } from '../store/sweep-idle-sessions.ts'

/** For a janitor that names none: as many as one that does may ask for. */
const mostRows = 1_000

export const handleSweepIdleSessions =
  ({ pool }: AuthContext): Handler<typeof operation> =>
  async ({ from_page: fromPage, pages, limit = mostRows, dry_run: dryRun = false }) => {
    const { rows, tablePages } = await sweepIdleSessions(pool, { fromPage, pages, limit, dryRun })
    // As many as allowed: these pages may hold more.
    const next = !dryRun && rows === limit ? fromPage : fromPage + pages
    return { rows, next_page: next < tablePages ? next : null }
  }
