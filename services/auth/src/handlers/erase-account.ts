// Deletes an account by an operator's order, as if its user had asked for it.
import type { Handler } from '@cairn/bus'
import type { eraseAccount } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { changeAndTell } from './change-and-tell.ts'
import { deleteAccount } from './delete-account.ts'
import { refuseUsers } from './refuse-users.ts'

/** Throws `forbidden` on behalf of a user. */
export const handleEraseAccount =
  (context: AuthContext): Handler<typeof eraseAccount> =>
  async ({ user_id: userId }, call) => {
    refuseUsers(call)
    const found = await changeAndTell(context, change => deleteAccount(context, change, userId))
    context.apple.revocations.kept()
    return { found }
  }
