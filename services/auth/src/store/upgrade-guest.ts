// Makes a guest a full account. Of two upgrades at once the second finds no guest any more.
import type { StoredUser } from '../domain/user-answer.ts'
import type { NewUser } from './insert-user.ts'
import type { Queryable } from './queryable.ts'

const statement = {
  name: 'upgrade-guest',
  text: `UPDATE auth.users
    SET is_guest = false, display_name = coalesce($2, display_name), email = $3, email_verified = $4
    WHERE id = $1 AND is_guest
    RETURNING id, is_guest, display_name, email, created_at`,
}

/** Undefined when that user is no guest, or is gone. */
export const upgradeGuest = async (
  database: Queryable,
  { id, displayName, email, emailVerified }: NewUser,
): Promise<StoredUser | undefined> =>
  (await database.query<StoredUser>({ ...statement, values: [id, displayName, email, emailVerified] })).rows[0]
