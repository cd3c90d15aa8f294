// Forgets authorization codes that nobody could exchange in time, for the janitor.
import type { Handler } from '@cairn/bus'
import type { cleanUpAppleCodes } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { forgetUnusedAppleCodes } from '../store/apple-codes.ts'

export const handleCleanUpAppleCodes =
  ({ pool }: AuthContext): Handler<typeof cleanUpAppleCodes> =>
  async ({ limit }) => ({ deleted: await forgetUnusedAppleCodes(pool, limit) })
