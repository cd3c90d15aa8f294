// Grants of deleted accounts on their way to being revoked at Apple. They name no user.
import type { Queryable } from './queryable.ts'

export interface GrantedToken {
  readonly client_id: string
  readonly refresh_token_sealed: Buffer
}

export interface Revocation {
  readonly id: string
  readonly client_id: string
  readonly token_sealed: Buffer
}

const read = {
  name: 'read-granted-tokens',
  text: `SELECT client_id, refresh_token_sealed FROM auth.apple_grants
    WHERE user_id = $1 AND refresh_token_sealed IS NOT NULL`,
}

const insert = {
  name: 'insert-apple-revocation',
  text: `INSERT INTO auth.apple_revocations (id, client_id, token_sealed, expires_at)
    VALUES ($1, $2, $3, now() + make_interval(secs => $4))`,
}

/** Waits 1, 2, 4 … 4 096 s after the time that an attempt may take. */
const claim = {
  name: 'claim-apple-revocations',
  text: `UPDATE auth.apple_revocations
    SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => $2 + 2 ^ least(attempts, 12))
    WHERE id IN (
      SELECT id FROM auth.apple_revocations WHERE next_attempt_at <= now() AND expires_at > now()
      ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING id, client_id, token_sealed`,
}

const remove = { name: 'delete-apple-revocation', text: 'DELETE FROM auth.apple_revocations WHERE id = $1' }

const removeExpired = {
  name: 'delete-expired-apple-revocations',
  text: `DELETE FROM auth.apple_revocations WHERE id IN (
    SELECT id FROM auth.apple_revocations WHERE expires_at <= now()
    ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
}

export const readGrantedTokens = async (database: Queryable, userId: string): Promise<readonly GrantedToken[]> =>
  (await database.query<GrantedToken>({ ...read, values: [userId] })).rows

export const insertAppleRevocation = async (
  database: Queryable,
  { id, client_id: clientId, token_sealed: token }: Revocation,
  lifetimeSeconds: number,
): Promise<void> => {
  await database.query({ ...insert, values: [id, clientId, token, lifetimeSeconds] })
}

/** `leaseSeconds`: how long an attempt may take. */
export const claimAppleRevocations = async (
  database: Queryable,
  { limit, leaseSeconds }: { limit: number; leaseSeconds: number },
): Promise<readonly Revocation[]> =>
  (await database.query<Revocation>({ ...claim, values: [limit, leaseSeconds] })).rows

export const deleteAppleRevocation = async (database: Queryable, id: string): Promise<void> => {
  await database.query({ ...remove, values: [id] })
}

/** Resolves with how many were given up. */
export const deleteExpiredAppleRevocations = async (database: Queryable, limit: number): Promise<number> =>
  (await database.query({ ...removeExpired, values: [limit] })).rowCount ?? 0
