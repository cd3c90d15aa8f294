// Moves signing keys on: from signing to being verified, from standby to signing, and out. A revoked key loses its private part.
import type { Queryable } from './queryable.ts'

const retire = `UPDATE auth.signing_keys SET state = 'previous', state_changed_at = clock_timestamp() WHERE state = 'current'`
const promote = `UPDATE auth.signing_keys SET state = 'current', state_changed_at = clock_timestamp() WHERE kid = $1`
const revoke = `UPDATE auth.signing_keys
  SET state = 'revoked', state_changed_at = clock_timestamp(), private_key_sealed = '' WHERE kid = ANY ($1::text[])`

/** In this order: there is one current key at most at any moment. */
export const promoteSigningKey = async (database: Queryable, kid: string): Promise<void> => {
  await database.query(retire)
  await database.query(promote, [kid])
}

export const revokeSigningKeys = async (database: Queryable, kids: readonly string[]): Promise<void> => {
  await database.query(revoke, [kids])
}
