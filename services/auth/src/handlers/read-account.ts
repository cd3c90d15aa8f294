// What there is of a user, for an operator.
import type { Handler } from '@cairn/bus'
import type { readAccount } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { userAnswer } from '../domain/user-answer.ts'
import { findUser } from '../store/find-user.ts'
import { listSessions } from '../store/list-sessions.ts'
import { describeSession } from './describe-session.ts'
import { refuseUsers } from './refuse-users.ts'

/** Throws `forbidden` on behalf of a user. */
export const handleReadAccount =
  ({ config, pool }: AuthContext): Handler<typeof readAccount> =>
  async ({ user_id: userId }, call) => {
    refuseUsers(call)
    const user = await findUser(pool, userId)
    if (user === undefined) return { account: null }
    const sessions = await listSessions(pool, { userId, sessionId: null }, config.sessionListLimit)
    return { account: { user: userAnswer(user), sessions: sessions.map(describeSession) } }
  }
