// Deletes what hangs on one user's head, a bounded number of rows of one table at a time. The log is locked.
import type pg from 'pg'

/** Each by its primary key. */
const statements = [
  ['events', 'seq'],
  ['items', 'track_id, item_id'],
  ['tracks', 'track_id'],
  ['days', 'day'],
].map(([table = '', key = '']) => ({
  name: `delete-${table}-of-user`,
  text: `DELETE FROM progress.${table} WHERE user_id = $1 AND (${key}) IN (
    SELECT ${key} FROM progress.${table} WHERE user_id = $1 LIMIT $2)`,
}))

/** Resolves with how many were deleted; fewer than `limit` means that none are left. */
export const deleteLogRows = async (client: pg.ClientBase, userId: string, limit: number): Promise<number> => {
  let deleted = 0
  for (const statement of statements) {
    if (deleted === limit) break
    deleted += (await client.query({ ...statement, values: [userId, limit - deleted] })).rowCount ?? 0
  }
  return deleted
}
