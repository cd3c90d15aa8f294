// The caller's own account.
import type { Handler } from '@cairn/bus'
import { CairnError, type readMe } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { userAnswer } from '../domain/user-answer.ts'
import { findUser } from '../store/find-user.ts'

export const handleReadMe =
  ({ pool }: AuthContext): Handler<typeof readMe> =>
  async (_nothing, { caller }) => {
    const user = caller === undefined ? undefined : await findUser(pool, caller.userId)
    if (user === undefined) throw new CairnError('token_invalid')
    return { user: userAnswer(user) }
  }
