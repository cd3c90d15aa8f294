// Deletes an account within the caller's transaction: every session ends, what auth has of the user is erased, and other
// owners are told to do the same. That the user was signed out is remembered for as long as tokens may live.
import { userDeletedSubject, type UserDeleted } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { deleteUser } from '../store/delete-user.ts'
import type { Change } from './change-and-tell.ts'
import { signOutEverywhere } from './sign-out-everywhere.ts'

/**
 * Call `apple.revocations.kept()` after the commit. Harmless when the account is gone: nobody is told twice, and it resolves
 * with false.
 */
export const deleteAccount = async (context: AuthContext, change: Change, userId: string): Promise<boolean> => {
  const reason = 'account_deleted'
  const denied = await signOutEverywhere(context, change, {
    userId,
    reason,
    end: async () => {
      await context.apple.revocations.keep(change.database, userId)
      await deleteUser(change.database, userId)
    },
  })
  if (denied === undefined) return false
  const event: UserDeleted = { user_id: userId, deleted_at: denied.denied_at.toISOString() }
  await change.tell([{ subject: userDeletedSubject(userId), payload: event }])
  return true
}
