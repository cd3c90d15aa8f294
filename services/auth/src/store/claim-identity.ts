// Makes an identity a user's, unless somebody has it. Of two claims at once the second waits for the first one's end.
// The user may be inserted later in the same transaction.
import type { IdentityKey } from './find-identity.ts'
import type { Queryable } from './queryable.ts'

const statement = {
  name: 'claim-identity',
  text: `INSERT INTO auth.identities (issuer, team_id, subject, user_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
}

/** False when somebody has it. */
export const claimIdentity = async (
  database: Queryable,
  { issuer, teamId, subject }: IdentityKey,
  userId: string,
): Promise<boolean> =>
  (await database.query({ ...statement, values: [issuer, teamId, subject, userId] })).rowCount === 1
