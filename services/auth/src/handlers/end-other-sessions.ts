// A user ends every session but the one that asks. Of two sessions that try to end each other at once, one wins.
import type { Handler } from '@cairn/bus'
import { CairnError, type endOtherSessions as operation } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { endOtherSessions } from '../store/end-other-sessions.ts'
import { isLiveSession } from '../store/is-live-session.ts'
import { lockUser } from '../store/lock-user.ts'
import { announceEnded } from './announce-ended.ts'
import { changeAndTell } from './change-and-tell.ts'
import { requiredCaller } from './required-caller.ts'

const reason = 'ended_by_user'

/** Throws `token_invalid` when the session that asks has ended itself. */
export const handleEndOtherSessions =
  (context: AuthContext): Handler<typeof operation> =>
  async (_nothing, call) => {
    const caller = requiredCaller(call)
    await changeAndTell(context, async change => {
      const { database } = change
      await lockUser(database, caller.userId, 'alone')
      if (!(await isLiveSession(database, caller))) throw new CairnError('token_invalid')
      const ended = await endOtherSessions(database, { userId: caller.userId, keptId: caller.sessionId, reason })
      await announceEnded(context, change, { ended, reason })
    })
    return {}
  }
