// Erases what auth has of a user. Sessions go first: a refresh under way is waited for, and its token is then one of those
// that `denyUser` means.
import type { Queryable } from './queryable.ts'

const sessions = { name: 'delete-sessions-of-user', text: 'DELETE FROM auth.sessions WHERE user_id = $1' }
/** Identities and whatever else belongs to the user go with the row. */
const user = { name: 'delete-user', text: 'DELETE FROM auth.users WHERE id = $1' }

export const deleteUser = async (database: Queryable, userId: string): Promise<void> => {
  await database.query({ ...sessions, values: [userId] })
  await database.query({ ...user, values: [userId] })
}
