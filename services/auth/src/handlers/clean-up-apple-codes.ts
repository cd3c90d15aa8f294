// Forgets authorization codes that nobody could exchange in time, and grants that Apple would not revoke, for the janitor.
import type { Handler } from '@cairn/bus'
import type { cleanUpAppleCodes } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { forgetUnusedAppleCodes } from '../store/apple-codes.ts'
import { deleteExpiredAppleRevocations } from '../store/apple-revocations.ts'
import { readDeadAppleGrants } from '../store/read-dead-apple-grants.ts'
import { cleaningUp } from './cleaning-up.ts'

export const handleCleanUpAppleCodes = ({ pool, logger }: AuthContext): Handler<typeof cleanUpAppleCodes> =>
  cleaningUp({
    due: limit => readDeadAppleGrants(pool, limit),
    remove: async limit => {
      const codes = await forgetUnusedAppleCodes(pool, limit)
      const revocations = codes === limit ? 0 : await deleteExpiredAppleRevocations(pool, limit - codes)
      if (revocations > 0)
        logger.error({ count: revocations }, 'grants of deleted accounts were never revoked at Apple')
      return codes + revocations
    },
  })
