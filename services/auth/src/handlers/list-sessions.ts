// The sessions of the caller that live, with what their devices call themselves.
import type { Handler } from '@cairn/bus'
import type { Device, listSessions as operation } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { listSessions, type ListedSession } from '../store/list-sessions.ts'
import { requiredCaller } from './required-caller.ts'

const deviceOf = ({ device_id: id, device_name: name, device_platform: platform }: ListedSession): Device => ({
  ...(id === null ? {} : { id }),
  ...(name === null ? {} : { name }),
  ...(platform === null ? {} : { platform }),
})

export const handleListSessions =
  ({ config, pool }: AuthContext): Handler<typeof operation> =>
  async (_nothing, call) => {
    const caller = requiredCaller(call)
    const found = await listSessions(pool, caller, config.sessionListLimit)
    return {
      sessions: found.map(session => ({
        id: session.id,
        device: deviceOf(session),
        created_at: session.created_at.toISOString(),
        last_seen_at: session.last_seen_at.toISOString(),
        current: session.id === caller.sessionId,
      })),
    }
  }
