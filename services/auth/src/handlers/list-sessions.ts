// The sessions of the caller that live, with what their devices call themselves.
import type { Handler } from '@cairn/bus'
import type { listSessions as operation } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { listSessions } from '../store/list-sessions.ts'
import { describeSession } from './describe-session.ts'
import { requiredCaller } from './required-caller.ts'

export const handleListSessions =
  ({ config, pool }: AuthContext): Handler<typeof operation> =>
  async (_nothing, call) => {
    const caller = requiredCaller(call)
    const found = await listSessions(pool, caller, config.sessionListLimit)
    return {
      sessions: found.map(session => ({ ...describeSession(session), current: session.id === caller.sessionId })),
    }
  }
