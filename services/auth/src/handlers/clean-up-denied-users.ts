// Deletes sign-outs that no token outlived, for the janitor.
import type { Handler } from '@cairn/bus'
import type { cleanUpDeniedUsers } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { tokenLifeSeconds } from '../domain/token-life.ts'
import { deleteOldDeniedUsers, readOldDeniedUsers } from '../store/delete-old-denied-users.ts'
import { cleaningUp } from './cleaning-up.ts'

export const handleCleanUpDeniedUsers = ({ config, pool }: AuthContext): Handler<typeof cleanUpDeniedUsers> => {
  const keepSeconds = tokenLifeSeconds(config)
  return cleaningUp({
    remove: limit => deleteOldDeniedUsers(pool, { limit, keepSeconds }),
    due: limit => readOldDeniedUsers(pool, { limit, keepSeconds }),
  })
}
