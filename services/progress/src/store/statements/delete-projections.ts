// Deletes what is derived from one user's log, but for the head: it is locked, and keeps its row.
import type pg from 'pg'

export const deleteProjections = async (client: pg.ClientBase, userId: string): Promise<void> => {
  for (const table of ['items', 'tracks', 'days']) {
    await client.query(`DELETE FROM progress.${table} WHERE user_id = $1`, [userId])
  }
}
