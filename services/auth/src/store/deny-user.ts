// Notes that every access token a user has by now is dead. The second is the clock's, not the transaction's: whoever got a
// token while this transaction waited for them is meant too. A session begun in the second of an earlier sign-out has tokens
// of the next second: another sign-out in that second goes one further.
import type { DeniedUsersRow } from '../generated/rows.ts'
import type { Queryable } from './queryable.ts'

/** Tokens issued up to the second `not_after` since 1970 are dead. */
export type DeniedUser = DeniedUsersRow

const statement = {
  name: 'deny-user',
  text: `INSERT INTO auth.denied_users AS known (user_id, not_after, denied_at)
    VALUES ($1, floor(extract(epoch FROM clock_timestamp())), clock_timestamp())
    ON CONFLICT (user_id) DO UPDATE
      SET not_after = greatest(known.not_after + 1, excluded.not_after), denied_at = excluded.denied_at
    RETURNING user_id, not_after, denied_at`,
}

export const denyUser = async (database: Queryable, userId: string): Promise<DeniedUser> => {
  const { rows } = await database.query<DeniedUser>({ ...statement, values: [userId] })
  const [row] = rows
  if (row === undefined) throw new Error('the sign-out was not noted')
  return row
}
