// Deletes sessions that are over, for the janitor.
import type { Handler } from '@cairn/bus'
import type { cleanUpSessions } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { deleteDeadSessions } from '../store/delete-dead-sessions.ts'

export const handleCleanUpSessions =
  ({ config, pool }: AuthContext): Handler<typeof cleanUpSessions> =>
  async ({ limit }) => ({
    deleted: await deleteDeadSessions(pool, { limit, keepSeconds: config.endedSessionKeepSeconds }),
  })
