// Which of some users have a log with anything in it.
import type pg from 'pg'

const statement = {
  name: 'find-users-with-log',
  text: 'SELECT user_id FROM progress.heads WHERE user_id = ANY ($1::uuid[]) AND seq > 0',
}

export const findUsersWithLog = async (pool: pg.Pool, userIds: readonly string[]): Promise<string[]> =>
  (await pool.query<{ user_id: string }>({ ...statement, values: [userIds] })).rows.map(row => row.user_id)
