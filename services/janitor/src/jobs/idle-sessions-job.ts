// Walks through the table of sessions for those that nobody refreshed in time. A run that its budget ends is gone on with.
import { sweepIdleSessions, toCairnError, type SweepPages, type SweptPages } from '@cairn/contracts'
import type { Asking, Job } from './job.ts'

/** About a thousand sessions. */
const pages = 50

/** An auth of before, while instances are replaced, refuses a limit of rows: it is asked for these pages without. */
const sweep = async ({ ask, batchRows: limit }: Asking, part: SweepPages): Promise<SweptPages> => {
  try {
    return await ask(sweepIdleSessions, { ...part, limit })
  } catch (error) {
    if (toCairnError(error).code !== 'invalid_request') throw error
    return ask(sweepIdleSessions, part)
  }
}

export const idleSessionsJob = (): Job => {
  let page = 0
  return {
    name: 'idle-sessions',
    step: async (asking, dryRun) => {
      const { rows, next_page: next } = await sweep(asking, { from_page: page, pages, dry_run: dryRun })
      page = next ?? 0
      return { rows, done: next === null }
    },
  }
}
