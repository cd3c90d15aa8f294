// Makes sure these users have a row to lock. In order of user id, as everybody locks: that is what rules out deadlocks.
import type pg from 'pg'

const statement = {
  name: 'ensure-heads',
  text: `INSERT INTO progress.heads (user_id)
    SELECT user_id FROM unnest($1::uuid[]) AS wanted (user_id) ORDER BY user_id
    ON CONFLICT (user_id) DO NOTHING`,
}

export const ensureHeads = async (client: pg.ClientBase, userIds: readonly string[]): Promise<void> => {
  await client.query({ ...statement, values: [userIds] })
}
