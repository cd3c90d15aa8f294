// Walks through the table of sessions for those that nobody refreshed in time. A run that its budget ends is gone on with.
import { sweepIdleSessions } from '@cairn/contracts'
import type { Job } from './job.ts'

/** About a thousand sessions. */
const pages = 50

export const idleSessionsJob = (): Job => {
  let page = 0
  return {
    name: 'idle-sessions',
    step: async ({ ask, batchRows: limit }, dryRun) => {
      const { rows, next_page: next } = await ask(sweepIdleSessions, { from_page: page, pages, limit, dry_run: dryRun })
      page = next ?? 0
      return { rows, done: next === null }
    },
  }
}
