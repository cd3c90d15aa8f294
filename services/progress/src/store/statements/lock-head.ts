// Locks one user's log, if there is one, until the end of the transaction.
import type pg from 'pg'

const statement = { name: 'lock-head', text: 'SELECT 1 FROM progress.heads WHERE user_id = $1 FOR UPDATE' }

/** False when this user has no log. */
export const lockHead = async (client: pg.ClientBase, userId: string): Promise<boolean> =>
  (await client.query({ ...statement, values: [userId] })).rowCount === 1
