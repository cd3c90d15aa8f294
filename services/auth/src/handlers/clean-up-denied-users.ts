// Deletes sign-outs that no token outlived, for the janitor.
import type { Handler } from '@cairn/bus'
import type { cleanUpDeniedUsers } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { tokenLifeSeconds } from '../domain/token-life.ts'
import { deleteOldDeniedUsers } from '../store/delete-old-denied-users.ts'

export const handleCleanUpDeniedUsers =
  ({ config, pool }: AuthContext): Handler<typeof cleanUpDeniedUsers> =>
  async ({ limit }) => ({
    deleted: await deleteOldDeniedUsers(pool, { limit, keepSeconds: tokenLifeSeconds(config) }),
  })
