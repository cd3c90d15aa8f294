// Makes sure these users have a row to lock. By itself, before the transaction that locks them, and in order of user id: so
// nobody makes a row while holding another's lock, which could end in a deadlock. A row that is there is left alone: ON CONFLICT
// would wait for whoever is changing it.
import type pg from 'pg'

const statement = {
  name: 'ensure-heads',
  text: `INSERT INTO progress.heads (user_id)
    SELECT user_id FROM unnest($1::uuid[]) AS wanted (user_id)
    WHERE NOT EXISTS (SELECT FROM progress.heads AS h WHERE h.user_id = wanted.user_id) ORDER BY user_id
    ON CONFLICT (user_id) DO NOTHING`,
}

export const ensureHeads = async (pool: pg.Pool, userIds: readonly string[]): Promise<void> => {
  await pool.query({ ...statement, values: [userIds] })
}
