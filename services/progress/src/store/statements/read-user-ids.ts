// The users who have a log, page by page: also those of whom only events are left.
import type pg from 'pg'

/** Each user of the log is looked up by the one before, however many events they have. */
const text = `WITH RECURSIVE logged AS (
    (SELECT user_id FROM progress.events WHERE user_id > $1 ORDER BY user_id LIMIT 1)
    UNION ALL
    SELECT (SELECT e.user_id FROM progress.events AS e WHERE e.user_id > logged.user_id ORDER BY e.user_id LIMIT 1)
    FROM logged WHERE logged.user_id IS NOT NULL
  )
  SELECT user_id FROM (SELECT user_id FROM progress.heads WHERE user_id > $1 ORDER BY user_id LIMIT $2) AS heads
  UNION
  SELECT user_id FROM (SELECT user_id FROM logged LIMIT $2) AS logged WHERE user_id IS NOT NULL
  ORDER BY user_id LIMIT $2`

const lowest = '00000000-0000-0000-0000-000000000000'

/** At most `limit` user ids after `after`, ascending; from the first one when `after` is undefined. */
export const readUserIds = async (pool: pg.Pool, after: string | undefined, limit: number): Promise<string[]> => {
  const { rows } = await pool.query<{ user_id: string }>(text, [after ?? lowest, limit])
  return rows.map(row => row.user_id)
}
