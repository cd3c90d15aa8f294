// Clean-up of notifications too old to be believed again, a bounded number at a time. Several janitors share the work.
import type { DueRows } from '@cairn/contracts'
import type { Queryable } from './queryable.ts'
import { readDueRows } from './read-due-rows.ts'

const statement = {
  name: 'delete-old-apple-notifications',
  text: `DELETE FROM auth.apple_notifications WHERE id_hash = ANY (ARRAY(
    SELECT id_hash FROM auth.apple_notifications WHERE received_at <= now() - make_interval(secs => $2)
    ORDER BY received_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
}

/** Resolves with how many were deleted. */
export const deleteOldAppleNotifications = async (
  database: Queryable,
  { limit, keepSeconds }: { limit: number; keepSeconds: number },
): Promise<number> => (await database.query({ ...statement, values: [limit, keepSeconds] })).rowCount ?? 0

const dueText = `SELECT received_at + make_interval(secs => $2) AS due_at FROM auth.apple_notifications
  WHERE received_at <= now() - make_interval(secs => $2) ORDER BY received_at LIMIT $1`

export const readOldAppleNotifications = (
  database: Queryable,
  { limit, keepSeconds }: { limit: number; keepSeconds: number },
): Promise<DueRows> =>
  readDueRows(database, { name: 'read-old-apple-notifications', text: dueText, values: [limit, keepSeconds] })
