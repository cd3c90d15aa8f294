// Deletes guests whom nobody can be any more and who have no progress: auth knows the former, progress the latter. If either
// does not answer, nobody is deleted.
import { deleteAbandonedGuests, findAbandonedGuests, findUsersWithProgress, type GuestCursor } from '@cairn/contracts'
import type { Job } from './job.ts'

/** Each is an account of its own to delete. */
const guestsAtOnce = 50

export const abandonedGuestsJob: Job = {
  name: 'abandoned-guests',
  begin: () => {
    let after: GuestCursor | undefined
    return async ({ ask }, dryRun) => {
      const { user_ids: candidates, next } = await ask(findAbandonedGuests, {
        limit: guestsAtOnce,
        ...(after && { after }),
      })
      after = next ?? undefined
      const done = next === null
      if (candidates.length === 0) return { rows: 0, done }
      const kept = new Set((await ask(findUsersWithProgress, { user_ids: candidates })).user_ids)
      const abandoned = candidates.filter(id => !kept.has(id))
      if (dryRun || abandoned.length === 0) return { rows: abandoned.length, done }
      return { rows: (await ask(deleteAbandonedGuests, { user_ids: abandoned })).deleted, done }
    }
  },
}
