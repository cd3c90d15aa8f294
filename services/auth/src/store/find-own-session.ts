// A session that a user may speak of: it lives, or it has been over for a day at most, whether it was ended or expired.
import type { Queryable } from './queryable.ts'

const statement = {
  name: 'find-own-session',
  text: `SELECT id FROM auth.sessions WHERE id = $1 AND user_id = $2
      AND coalesce(ended_at, least(idle_expires_at, absolute_expires_at)) > now() - interval '24 hours'`,
}

export interface OwnSession {
  readonly sessionId: string
  readonly userId: string
}

/** Its id as we spell it, or undefined when it is somebody else's, too long over, or none. */
export const findOwnSession = async (
  database: Queryable,
  { sessionId, userId }: OwnSession,
): Promise<string | undefined> =>
  (await database.query<{ id: string }>({ ...statement, values: [sessionId, userId] })).rows[0]?.id
