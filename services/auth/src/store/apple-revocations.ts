// Grants of deleted accounts on their way to being revoked at Apple: a refresh token of Apple's, or a code that has to be
// exchanged for one first. They name no user.
import type { Queryable } from './queryable.ts'

export interface Revocation {
  readonly id: string
  readonly client_id: string
  /** One of the two. */
  readonly token_sealed: Buffer | null
  readonly code_sealed: Buffer | null
}

const insert = {
  name: 'insert-apple-revocation',
  text: `INSERT INTO auth.apple_revocations (id, client_id, token_sealed, code_sealed, expires_at)
    VALUES ($1, $2, $3, $4, $5)`,
}

/** Waits 1, 2, 4 … 4 096 s after the time that an attempt may take. */
const claim = {
  name: 'claim-apple-revocations',
  text: `UPDATE auth.apple_revocations
    SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => $2 + 2 ^ least(attempts, 12))
    WHERE id IN (
      SELECT id FROM auth.apple_revocations WHERE next_attempt_at <= now() AND expires_at > now()
      ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING id, client_id, token_sealed, code_sealed`,
}

const putToken = {
  name: 'put-token-of-apple-revocation',
  text: `UPDATE auth.apple_revocations SET token_sealed = $2, code_sealed = NULL, expires_at = $3 WHERE id = $1`,
}

const remove = { name: 'delete-apple-revocation', text: 'DELETE FROM auth.apple_revocations WHERE id = $1' }

const removeExpired = {
  name: 'delete-expired-apple-revocations',
  text: `DELETE FROM auth.apple_revocations WHERE id = ANY (ARRAY(
    SELECT id FROM auth.apple_revocations WHERE expires_at <= now()
    ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
}

export const insertAppleRevocation = async (
  database: Queryable,
  { id, client_id: clientId, token_sealed: token, code_sealed: code }: Revocation,
  expiresAt: Date,
): Promise<void> => {
  await database.query({ ...insert, values: [id, clientId, token, code, expiresAt] })
}

/** `leaseSeconds`: how long an attempt may take. */
export const claimAppleRevocations = async (
  database: Queryable,
  { limit, leaseSeconds }: { limit: number; leaseSeconds: number },
): Promise<readonly Revocation[]> =>
  (await database.query<Revocation>({ ...claim, values: [limit, leaseSeconds] })).rows

/** What the code was exchanged for takes its place. */
export const putTokenOfRevocation = async (
  database: Queryable,
  id: string,
  { tokenSealed, expiresAt }: { tokenSealed: Buffer; expiresAt: Date },
): Promise<void> => {
  await database.query({ ...putToken, values: [id, tokenSealed, expiresAt] })
}

export const deleteAppleRevocation = async (database: Queryable, id: string): Promise<void> => {
  await database.query({ ...remove, values: [id] })
}

/** Resolves with how many were given up. */
export const deleteExpiredAppleRevocations = async (database: Queryable, limit: number): Promise<number> =>
  (await database.query({ ...removeExpired, values: [limit] })).rowCount ?? 0
