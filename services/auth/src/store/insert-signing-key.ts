// Stores a new signing key.
import type { Queryable } from './queryable.ts'
import type { StoredSigningKey } from './read-signing-keys.ts'

const text = `INSERT INTO auth.signing_keys (kid, state, private_key_sealed, public_key, state_changed_at)
  VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN to_timestamp(0) ELSE clock_timestamp() END)`

export type NewSigningKey = Omit<StoredSigningKey, 'seconds'>

/** `knownEverywhere`: no verifier can have a key set without it. */
export const insertSigningKey = async (
  database: Queryable,
  key: NewSigningKey,
  { knownEverywhere }: { knownEverywhere: boolean },
): Promise<void> => {
  const { kid, state, private_key_sealed: sealed, public_key: publicKey } = key
  await database.query(text, [kid, state, sealed, JSON.stringify(publicKey), knownEverywhere])
}
