// Clean-up of nonces that nobody used, a bounded number at a time. Several janitors at once share the work.
import type { DueRows } from '@cairn/contracts'
import type { Queryable } from './queryable.ts'
import { readDueRows } from './read-due-rows.ts'

const statement = {
  name: 'delete-expired-nonces',
  text: `DELETE FROM auth.nonces WHERE hash = ANY (ARRAY(
    SELECT hash FROM auth.nonces WHERE expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
}

/** Resolves with how many were deleted. */
export const deleteExpiredNonces = async (database: Queryable, limit: number): Promise<number> =>
  (await database.query({ ...statement, values: [limit] })).rowCount ?? 0

const dueText = `SELECT expires_at AS due_at FROM auth.nonces WHERE expires_at <= now() ORDER BY expires_at LIMIT $1`

export const readExpiredNonces = (database: Queryable, limit: number): Promise<DueRows> =>
  readDueRows(database, { name: 'read-expired-nonces', text: dueText, values: [limit] })
