// The users who have a log, page by page.
import type pg from 'pg'

/** At most `limit` user ids after `after`, ascending; from the first one when `after` is undefined. */
export const readUserIds = async (pool: pg.Pool, after: string | undefined, limit: number): Promise<string[]> => {
  const text = 'SELECT user_id FROM progress.heads WHERE $1::uuid IS NULL OR user_id > $1 ORDER BY user_id LIMIT $2'
  const { rows } = await pool.query<{ user_id: string }>(text, [after ?? null, limit])
  return rows.map(row => row.user_id)
}
