// Deletes nonces that nobody used, for the janitor.
import type { Handler } from '@cairn/bus'
import type { cleanUpNonces } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { deleteExpiredNonces, readExpiredNonces } from '../store/delete-expired-nonces.ts'
import { cleaningUp } from './cleaning-up.ts'

export const handleCleanUpNonces = ({ pool }: AuthContext): Handler<typeof cleanUpNonces> =>
  cleaningUp({
    remove: limit => deleteExpiredNonces(pool, limit),
    due: limit => readExpiredNonces(pool, limit),
  })
