// Deletes keys that were revoked long ago, for the janitor.
import type { Handler } from '@cairn/bus'
import type { cleanUpSigningKeys } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { deleteRevokedSigningKeys } from '../store/delete-revoked-signing-keys.ts'

export const handleCleanUpSigningKeys =
  ({ config, pool }: AuthContext): Handler<typeof cleanUpSigningKeys> =>
  async ({ limit }) => ({
    deleted: await deleteRevokedSigningKeys(pool, { limit, keepSeconds: config.revokedKeyKeepSeconds }),
  })
