// Ends all sessions of a user by an operator's order; whoever can sign in may do so again.
import type { Handler } from '@cairn/bus'
import type { signOutAccount } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { endAllSessions } from '../store/end-all-sessions.ts'
import { changeAndTell } from './change-and-tell.ts'
import { refuseUsers } from './refuse-users.ts'
import { signOutEverywhere } from './sign-out-everywhere.ts'

const reason = 'ended_by_operator'

/** Throws `forbidden` on behalf of a user. */
export const handleSignOutAccount =
  (context: AuthContext): Handler<typeof signOutAccount> =>
  async ({ user_id: userId }, call) => {
    refuseUsers(call)
    const denied = await changeAndTell(context, change =>
      signOutEverywhere(context, change, {
        userId,
        reason,
        end: () => endAllSessions(change.database, userId, reason),
      }),
    )
    return { found: denied !== undefined }
  }
