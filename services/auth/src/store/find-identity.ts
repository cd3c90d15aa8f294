// Whose an Apple identity is.
import type { Queryable } from './queryable.ts'

export interface IdentityKey {
  readonly issuer: string
  readonly teamId: string
  readonly subject: string
}

const statement = {
  name: 'find-identity',
  text: 'SELECT user_id FROM auth.identities WHERE issuer = $1 AND team_id = $2 AND subject = $3',
}

/** The user's id, or undefined when nobody has this identity. */
export const findIdentity = async (
  database: Queryable,
  { issuer, teamId, subject }: IdentityKey,
): Promise<string | undefined> => {
  const { rows } = await database.query<{ user_id: string }>({ ...statement, values: [issuer, teamId, subject] })
  return rows[0]?.user_id
}
