// Deletes guests whom nobody can be any more, as if they had asked for it, for the janitor. Each is looked at again under its
// lock: whoever has a session is left alone.
import type { Handler } from '@cairn/bus'
import type { deleteAbandonedGuests } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { isAbandonedGuest } from '../store/abandoned-guests.ts'
import { lockUser } from '../store/lock-user.ts'
import { changeAndTell } from './change-and-tell.ts'
import { deleteAccount } from './delete-account.ts'

export const handleDeleteAbandonedGuests =
  (context: AuthContext): Handler<typeof deleteAbandonedGuests> =>
  async ({ user_ids: userIds }) => {
    let deleted = 0
    for (const userId of userIds) {
      const gone = await changeAndTell(context, async change => {
        const { database } = change
        if (!(await lockUser(database, userId, 'alone'))) return false
        if (!(await isAbandonedGuest(database, userId, context.config.guestKeepSeconds))) return false
        await deleteAccount(context, change, userId)
        return true
      })
      if (gone) deleted += 1
    }
    return { deleted }
  }
