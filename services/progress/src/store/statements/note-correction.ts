// Notes that one user's state was put right: from now on their log belongs to another epoch. The log is locked.
import type pg from 'pg'

export const noteCorrection = async (client: pg.ClientBase, userId: string): Promise<void> => {
  await client.query('UPDATE progress.heads SET corrected_at = clock_timestamp() WHERE user_id = $1', [userId])
}
