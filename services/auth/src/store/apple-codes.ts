// Authorization codes on their way to Apple. Whoever claims one has it alone until its next attempt is due: several replicas
// share the work, and one that dies loses nothing but time.
import type { AppleGrantsRow } from '../generated/rows.ts'
import type { Queryable } from './queryable.ts'

export interface AppleGrantKey {
  readonly userId: string
  readonly clientId: string
}

export type ClaimedCode = Pick<AppleGrantsRow, 'user_id' | 'client_id'> & { readonly code_sealed: Buffer }

/** A newer code takes an older one's place; Apple's token stays until there is another. */
const keep = {
  name: 'keep-apple-code',
  text: `INSERT INTO auth.apple_grants (user_id, client_id, code_sealed, code_expires_at, next_attempt_at)
    VALUES ($1, $2, $3, now() + make_interval(secs => $4), now())
    ON CONFLICT (user_id, client_id) DO UPDATE SET code_sealed = excluded.code_sealed,
      code_expires_at = excluded.code_expires_at, next_attempt_at = excluded.next_attempt_at, attempts = 0`,
}

/** Waits 1, 2, 4 … 64 s after the time that an attempt may take. */
const claim = {
  name: 'claim-apple-codes',
  text: `UPDATE auth.apple_grants
    SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => $2 + 2 ^ least(attempts, 6))
    WHERE (user_id, client_id) IN (
      SELECT user_id, client_id FROM auth.apple_grants
      WHERE code_sealed IS NOT NULL AND next_attempt_at <= now() AND code_expires_at > now()
      ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING user_id, client_id, code_sealed`,
}

const withoutCode = 'code_sealed = NULL, code_expires_at = NULL, next_attempt_at = NULL, attempts = 0'

const settle = {
  name: 'settle-apple-code',
  text: `UPDATE auth.apple_grants SET ${withoutCode},
      refresh_token_sealed = coalesce($4, refresh_token_sealed),
      granted_at = CASE WHEN $4::bytea IS NULL THEN granted_at ELSE now() END
    WHERE user_id = $1 AND client_id = $2 AND code_sealed = $3`,
}

const has = {
  name: 'has-apple-grant',
  text: 'SELECT 1 FROM auth.apple_grants WHERE user_id = $1 AND client_id = $2',
}

/** By their places, as an array: a join would read the table. A row that moves meanwhile is found the next time. */
const forgetUnused = {
  name: 'forget-unused-apple-codes',
  text: `UPDATE auth.apple_grants SET ${withoutCode} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM auth.apple_grants WHERE code_sealed IS NOT NULL AND code_expires_at <= now()
    ORDER BY code_expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
}

export const keepAppleCode = async (
  database: Queryable,
  { userId, clientId }: AppleGrantKey,
  { sealed, lifetimeSeconds }: { sealed: Buffer; lifetimeSeconds: number },
): Promise<void> => {
  await database.query({ ...keep, values: [userId, clientId, sealed, lifetimeSeconds] })
}

/** `leaseSeconds`: how long an attempt may take. */
export const claimAppleCodes = async (
  database: Queryable,
  { limit, leaseSeconds }: { limit: number; leaseSeconds: number },
): Promise<readonly ClaimedCode[]> =>
  (await database.query<ClaimedCode>({ ...claim, values: [limit, leaseSeconds] })).rows

/** The code is used up; Apple's token is kept if it gave one. False when there is a newer code, or no user. */
export const settleAppleCode = async (
  database: Queryable,
  { user_id: userId, client_id: clientId, code_sealed: code }: ClaimedCode,
  tokenSealed: Buffer | undefined,
): Promise<boolean> =>
  (await database.query({ ...settle, values: [userId, clientId, code, tokenSealed ?? null] })).rowCount === 1

export const hasAppleGrant = async (database: Queryable, { userId, clientId }: AppleGrantKey): Promise<boolean> =>
  (await database.query({ ...has, values: [userId, clientId] })).rowCount === 1

/** Resolves with how many codes nobody could exchange in time were forgotten. */
export const forgetUnusedAppleCodes = async (database: Queryable, limit: number): Promise<number> =>
  (await database.query({ ...forgetUnused, values: [limit] })).rowCount ?? 0
