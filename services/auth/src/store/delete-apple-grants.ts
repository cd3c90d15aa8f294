// Forgets what Apple granted us for a user.
import type { Queryable } from './queryable.ts'

const statement = { name: 'delete-apple-grants', text: 'DELETE FROM auth.apple_grants WHERE user_id = $1' }

export const deleteAppleGrants = async (database: Queryable, userId: string): Promise<void> => {
  await database.query({ ...statement, values: [userId] })
}
