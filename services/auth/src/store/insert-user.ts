// Makes an account.
import type { StoredUser } from '../domain/user-answer.ts'
import type { Queryable } from './queryable.ts'

export interface NewUser {
  readonly id: string
  readonly isGuest: boolean
  readonly displayName: string | null
  readonly email: string | null
  readonly emailVerified: boolean
}

const statement = {
  name: 'insert-user',
  text: `INSERT INTO auth.users (id, is_guest, display_name, email, email_verified) VALUES ($1, $2, $3, $4, $5)
    RETURNING id, is_guest, display_name, email, created_at`,
}

export const insertUser = async (database: Queryable, user: NewUser): Promise<StoredUser> => {
  const values = [user.id, user.isGuest, user.displayName, user.email, user.emailVerified]
  const { rows } = await database.query<StoredUser>({ ...statement, values })
  const [row] = rows
  if (row === undefined) throw new Error('the user was not inserted')
  return row
}
