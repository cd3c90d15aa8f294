// Whether a session of this user lives.
import type { OwnSession } from './find-own-session.ts'
import type { Queryable } from './queryable.ts'

const statement = {
  name: 'is-live-session',
  text: 'SELECT 1 FROM auth.sessions WHERE id = $1 AND user_id = $2 AND ended_at IS NULL',
}

export const isLiveSession = async (database: Queryable, { sessionId, userId }: OwnSession): Promise<boolean> =>
  (await database.query({ ...statement, values: [sessionId, userId] })).rowCount === 1
