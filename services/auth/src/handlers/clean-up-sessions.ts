// Deletes sessions that are over, for the janitor.
import type { Handler } from '@cairn/bus'
import type { cleanUpSessions } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { tokenLifeSeconds } from '../domain/token-life.ts'
import { deleteDeadSessions } from '../store/delete-dead-sessions.ts'

export const handleCleanUpSessions =
  ({ config, pool }: AuthContext): Handler<typeof cleanUpSessions> =>
  async ({ limit }) => ({
    deleted: await deleteDeadSessions(pool, {
      limit,
      keepSeconds: Math.max(config.endedSessionKeepSeconds, tokenLifeSeconds(config)),
    }),
  })
