// Clean-up of nonces that nobody used, a bounded number at a time. Several janitors at once share the work.
import type { Queryable } from './queryable.ts'

const statement = {
  name: 'delete-expired-nonces',
  text: `DELETE FROM auth.nonces WHERE hash IN (
    SELECT hash FROM auth.nonces WHERE expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
}

/** Resolves with how many were deleted. */
export const deleteExpiredNonces = async (database: Queryable, limit: number): Promise<number> =>
  (await database.query({ ...statement, values: [limit] })).rowCount ?? 0
