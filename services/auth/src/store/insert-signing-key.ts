// Stores a new signing key.
import type { Queryable } from './queryable.ts'
import type { StoredSigningKey } from './read-signing-keys.ts'

const text = `INSERT INTO auth.signing_keys (kid, state, private_key_sealed, public_key) VALUES ($1, $2, $3, $4)`

export const insertSigningKey = async (database: Queryable, key: StoredSigningKey): Promise<void> => {
  const { kid, state, private_key_sealed: sealed, public_key: publicKey } = key
  await database.query(text, [kid, state, sealed, JSON.stringify(publicKey)])
}
