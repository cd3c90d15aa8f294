// Deletes keys that were revoked long ago, for the janitor.
import type { Handler } from '@cairn/bus'
import type { cleanUpSigningKeys } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { deleteRevokedSigningKeys, readRevokedSigningKeys } from '../store/delete-revoked-signing-keys.ts'
import { cleaningUp } from './cleaning-up.ts'

export const handleCleanUpSigningKeys = ({ config, pool }: AuthContext): Handler<typeof cleanUpSigningKeys> => {
  const keepSeconds = config.revokedKeyKeepSeconds
  return cleaningUp({
    remove: limit => deleteRevokedSigningKeys(pool, { limit, keepSeconds }),
    due: limit => readRevokedSigningKeys(pool, { limit, keepSeconds }),
  })
}
