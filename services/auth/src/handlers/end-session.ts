// A user ends one of their sessions, the one that asks included. Somebody else's looks like none.
import type { Handler } from '@cairn/bus'
import { CairnError, isUuid, type endSession } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { findOwnSession } from '../store/find-own-session.ts'
import { endOneSession } from './end-one-session.ts'
import { requiredCaller } from './required-caller.ts'

export const handleEndSession =
  (context: AuthContext): Handler<typeof endSession> =>
  async ({ session_id: sessionId }, call) => {
    const { userId } = requiredCaller(call)
    const found = isUuid(sessionId) ? await findOwnSession(context.pool, { sessionId, userId }) : undefined
    if (found === undefined) throw new CairnError('not_found')
    await endOneSession(context, found, 'ended_by_user')
    return {}
  }
