// A user by id.
import type { StoredUser } from '../domain/user-answer.ts'
import type { Queryable } from './queryable.ts'

const statement = {
  name: 'find-user',
  text: 'SELECT id, is_guest, display_name, email, created_at FROM auth.users WHERE id = $1',
}

export const findUser = async (database: Queryable, userId: string): Promise<StoredUser | undefined> =>
  (await database.query<StoredUser>({ ...statement, values: [userId] })).rows[0]
