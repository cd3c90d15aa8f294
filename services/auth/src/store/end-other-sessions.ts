// Ends every session of a user but one.
import type { SessionEnded } from '@cairn/contracts'
import type { EndedSession } from './end-session.ts'
import type { Queryable } from './queryable.ts'

const statement = {
  name: 'end-other-sessions',
  text: `UPDATE auth.sessions SET ended_at = now(), end_reason = $3
    WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL
    RETURNING id, user_id, ended_at`,
}

export const endOtherSessions = async (
  database: Queryable,
  { userId, keptId, reason }: { userId: string; keptId: string; reason: SessionEnded['reason'] },
): Promise<readonly EndedSession[]> =>
  (await database.query<EndedSession>({ ...statement, values: [userId, keptId, reason] })).rows
