// Deletes guests whom nobody can be any more and who have no progress: auth knows the former, progress the latter. If either
// does not answer, nobody is deleted. A walk that its budget ends is gone on with, so that it gets to the youngest too.
import { deleteAbandonedGuests, findAbandonedGuests, findUsersWithProgress, type GuestCursor } from '@cairn/contracts'
import type { Job } from './job.ts'

/** Each is an account of its own to delete. */
const guestsAtOnce = 50

export const abandonedGuestsJob = (): Job => {
  let after: GuestCursor | undefined
  return {
    name: 'abandoned-guests',
    step: async ({ ask, batchRows }, dryRun) => {
      const { user_ids: candidates, next } = await ask(findAbandonedGuests, {
        limit: Math.min(guestsAtOnce, batchRows),
        ...(after && { after }),
      })
      // Whom a failure keeps here meets the next walk; nobody else waits for them.
      after = next ?? undefined
      const done = next === null
      if (candidates.length === 0) return { rows: 0, done }
      const kept = new Set((await ask(findUsersWithProgress, { user_ids: candidates })).user_ids)
      const abandoned = candidates.filter(id => !kept.has(id))
      if (dryRun || abandoned.length === 0) return { rows: abandoned.length, done }
      return { rows: (await ask(deleteAbandonedGuests, { user_ids: abandoned })).deleted, done }
    },
  }
}
