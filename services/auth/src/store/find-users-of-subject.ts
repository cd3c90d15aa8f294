// Whose an Apple subject was at a time, and still is, under any of the names that Apple gives itself.
import type { Queryable } from './queryable.ts'

export interface AppleSubject {
  readonly issuers: readonly string[]
  readonly teamId: string
  readonly subject: string
  readonly at: Date
}

const statement = {
  name: 'find-users-of-subject',
  text: `SELECT DISTINCT user_id FROM auth.identities
    WHERE issuer = ANY ($1::text[]) AND team_id = $2 AND subject = $3 AND created_at <= $4
    ORDER BY user_id`,
}

export const findUsersOfSubject = async (
  database: Queryable,
  { issuers, teamId, subject, at }: AppleSubject,
): Promise<readonly string[]> => {
  const { rows } = await database.query<{ user_id: string }>({ ...statement, values: [issuers, teamId, subject, at] })
  return rows.map(row => row.user_id)
}
