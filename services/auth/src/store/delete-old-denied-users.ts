// Clean-up of sign-outs that no token outlived, a bounded number at a time. Several janitors at once share the work.
import type { DueRows } from '@cairn/contracts'
import type { Queryable } from './queryable.ts'
import { readDueRows } from './read-due-rows.ts'

const statement = {
  name: 'delete-old-denied-users',
  text: `DELETE FROM auth.denied_users WHERE user_id = ANY (ARRAY(
    SELECT user_id FROM auth.denied_users WHERE denied_at <= now() - make_interval(secs => $2)
    ORDER BY denied_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
}

/** Resolves with how many were deleted. */
export const deleteOldDeniedUsers = async (
  database: Queryable,
  { limit, keepSeconds }: { limit: number; keepSeconds: number },
): Promise<number> => (await database.query({ ...statement, values: [limit, keepSeconds] })).rowCount ?? 0

const dueText = `SELECT denied_at + make_interval(secs => $2) AS due_at FROM auth.denied_users
  WHERE denied_at <= now() - make_interval(secs => $2) ORDER BY denied_at LIMIT $1`

export const readOldDeniedUsers = (
  database: Queryable,
  { limit, keepSeconds }: { limit: number; keepSeconds: number },
): Promise<DueRows> =>
  readDueRows(database, { name: 'read-old-denied-users', text: dueText, values: [limit, keepSeconds] })
