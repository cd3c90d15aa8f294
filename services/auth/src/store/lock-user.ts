// Makes those who begin sessions of a user and those who end all of them wait for each other, until the transaction's end.
import type { Queryable } from './queryable.ts'

/** `shared`: for whoever adds to the user; any number at once. `alone`: for whoever ends or erases. */
const statements = {
  shared: { name: 'lock-user-shared', text: 'SELECT 1 FROM auth.users WHERE id = $1 FOR KEY SHARE' },
  alone: { name: 'lock-user-alone', text: 'SELECT 1 FROM auth.users WHERE id = $1 FOR UPDATE' },
} as const

/** False when there is no such user (any more). */
export const lockUser = async (database: Queryable, userId: string, mode: keyof typeof statements): Promise<boolean> =>
  (await database.query({ ...statements[mode], values: [userId] })).rowCount === 1
