// The live sessions of a user, the one that asks first, if any does, then by when they were last refreshed.
import type { SessionsRow } from '../generated/rows.ts'
import type { Queryable } from './queryable.ts'

export type ListedSession = Pick<
  SessionsRow,
  'id' | 'device_id' | 'device_name' | 'device_platform' | 'created_at' | 'last_seen_at'
>

const statement = {
  name: 'list-sessions',
  text: `SELECT id, device_id, device_name, device_platform, created_at, last_seen_at
    FROM auth.sessions
    WHERE user_id = $1 AND ended_at IS NULL AND idle_expires_at > now() AND absolute_expires_at > now()
    ORDER BY id = $2 DESC, last_seen_at DESC, id
    LIMIT $3`,
}

/** At most `limit`. */
export const listSessions = async (
  database: Queryable,
  { userId, sessionId }: { userId: string; sessionId: string | null },
  limit: number,
): Promise<readonly ListedSession[]> =>
  (await database.query<ListedSession>({ ...statement, values: [userId, sessionId, limit] })).rows
