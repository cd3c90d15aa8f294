// Deletes the head of a log that has nothing left, and what waits to be pushed to its user.
import { logAdvancedSubject } from '@cairn/contracts'
import type pg from 'pg'

const head = { name: 'delete-head', text: 'DELETE FROM progress.heads WHERE user_id = $1' }
const outbox = { name: 'delete-outbox-of-user', text: 'DELETE FROM progress.outbox WHERE subject = $1' }

export const deleteHead = async (client: pg.ClientBase, userId: string): Promise<void> => {
  await client.query({ ...outbox, values: [logAdvancedSubject(userId)] })
  await client.query({ ...head, values: [userId] })
}
