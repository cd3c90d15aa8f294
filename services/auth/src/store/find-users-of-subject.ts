// Whose an Apple subject is, under any of the names that Apple gives itself.
import type { Queryable } from './queryable.ts'

export interface AppleSubject {
  readonly issuers: readonly string[]
  readonly teamId: string
  readonly subject: string
}

const statement = {
  name: 'find-users-of-subject',
  text: `SELECT DISTINCT user_id FROM auth.identities
    WHERE issuer = ANY ($1::text[]) AND team_id = $2 AND subject = $3 ORDER BY user_id`,
}

export const findUsersOfSubject = async (
  database: Queryable,
  { issuers, teamId, subject }: AppleSubject,
): Promise<readonly string[]> => {
  const { rows } = await database.query<{ user_id: string }>({ ...statement, values: [issuers, teamId, subject] })
  return rows.map(row => row.user_id)
}
