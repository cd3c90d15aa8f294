// Notes a notification of Apple by the hash of its id. Of two deliveries at once the second waits for the first one's end.
import { createHash } from 'node:crypto'
import type { Queryable } from './queryable.ts'

const statement = {
  name: 'insert-apple-notification',
  text: 'INSERT INTO auth.apple_notifications (id_hash) VALUES ($1) ON CONFLICT DO NOTHING',
}

/** False when it was noted before. */
export const insertAppleNotification = async (database: Queryable, id: string): Promise<boolean> => {
  const hash = createHash('sha256').update(id).digest()
  return (await database.query({ ...statement, values: [hash] })).rowCount === 1
}
