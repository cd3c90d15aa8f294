// What Apple granted us for a user, or will for a code that waits. Locked: an exchange that would change it waits for the
// transaction's end, and finds out then.
import type { Queryable } from './queryable.ts'

export interface AppleGrant {
  readonly client_id: string
  readonly refresh_token_sealed: Buffer | null
  /** Null when there is none, or it does not count any more. */
  readonly code_sealed: Buffer | null
  readonly code_expires_at: Date | null
}

const statement = {
  name: 'lock-apple-grants',
  text: `SELECT client_id, refresh_token_sealed, code_expires_at,
      CASE WHEN code_expires_at > now() THEN code_sealed END AS code_sealed
    FROM auth.apple_grants WHERE user_id = $1 FOR UPDATE`,
}

export const lockAppleGrants = async (database: Queryable, userId: string): Promise<readonly AppleGrant[]> =>
  (await database.query<AppleGrant>({ ...statement, values: [userId] })).rows
