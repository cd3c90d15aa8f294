// Ends all sessions of a user at once, within the caller's transaction. One event says it, with the second up to which
// tokens are dead; whoever begins a session in that second waits for this transaction and gets tokens of the next one.
import { userSignedOutSubject, type UserSignedOut } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { denyUser, type DeniedUser } from '../store/deny-user.ts'
import { lockUser } from '../store/lock-user.ts'
import type { Change } from './change-and-tell.ts'

export interface SignOut {
  readonly userId: string
  readonly reason: UserSignedOut['reason']
  /** Ends, or erases, the sessions. The tokens that die are those issued until this is done. */
  readonly end: () => Promise<void>
}

/** Undefined when there is no such user (any more); nobody is told then. */
export const signOutEverywhere = async (
  { hashUser, logger }: AuthContext,
  { database, tell }: Change,
  { userId, reason, end }: SignOut,
): Promise<DeniedUser | undefined> => {
  if (!(await lockUser(database, userId, 'alone'))) return undefined
  await end()
  const denied = await denyUser(database, userId)
  const event: UserSignedOut = {
    user_id: userId,
    not_after: denied.not_after,
    reason,
    ended_at: denied.denied_at.toISOString(),
  }
  await tell([{ subject: userSignedOutSubject(userId), payload: event }])
  logger.info({ user_hash: hashUser(userId), reason }, 'all sessions of a user ended')
  return denied
}
