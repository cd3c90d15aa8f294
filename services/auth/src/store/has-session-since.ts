// Whether a user began a session after that time, as long as its row is kept.
import type { Queryable } from './queryable.ts'

const statement = {
  name: 'has-session-since',
  text: 'SELECT 1 FROM auth.sessions WHERE user_id = $1 AND created_at > $2 LIMIT 1',
}

/** Lock the user first: nobody then begins one meanwhile. */
export const hasSessionSince = async (database: Queryable, userId: string, time: Date): Promise<boolean> =>
  (await database.query({ ...statement, values: [userId, time] })).rowCount === 1
