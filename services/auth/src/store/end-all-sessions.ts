// Ends every session of a user.
import type { UserSignedOut } from '@cairn/contracts'
import type { Queryable } from './queryable.ts'

const statement = {
  name: 'end-all-sessions',
  text: `UPDATE auth.sessions SET ended_at = now(), end_reason = $2 WHERE user_id = $1 AND ended_at IS NULL`,
}

export const endAllSessions = async (
  database: Queryable,
  userId: string,
  reason: UserSignedOut['reason'],
): Promise<void> => {
  await database.query({ ...statement, values: [userId, reason] })
}
