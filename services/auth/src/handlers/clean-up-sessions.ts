// Deletes sessions that are over, for the janitor.
import type { Handler } from '@cairn/bus'
import type { cleanUpSessions } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { tokenLifeSeconds } from '../domain/token-life.ts'
import { deleteDeadSessions, readDeadSessions } from '../store/delete-dead-sessions.ts'
import { cleaningUp } from './cleaning-up.ts'

export const handleCleanUpSessions = ({ config, pool }: AuthContext): Handler<typeof cleanUpSessions> => {
  const keepSeconds = Math.max(config.endedSessionKeepSeconds, tokenLifeSeconds(config))
  return cleaningUp({
    remove: limit => deleteDeadSessions(pool, { limit, keepSeconds }),
    due: limit => readDeadSessions(pool, { limit, keepSeconds }),
  })
}
