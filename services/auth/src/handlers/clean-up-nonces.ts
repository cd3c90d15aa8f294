// Deletes nonces that nobody used, for the janitor.
import type { Handler } from '@cairn/bus'
import type { cleanUpNonces } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { deleteExpiredNonces } from '../store/delete-expired-nonces.ts'

export const handleCleanUpNonces =
  ({ pool }: AuthContext): Handler<typeof cleanUpNonces> =>
  async ({ limit }) => ({ deleted: await deleteExpiredNonces(pool, limit) })
