// All signing keys that tokens may still be verified with.
import type { PublicKey } from '@cairn/contracts'
import type { Queryable } from './queryable.ts'

export interface StoredSigningKey {
  readonly kid: string
  readonly state: 'standby' | 'current' | 'previous'
  readonly private_key_sealed: Buffer
  readonly public_key: PublicKey
}

const statement = {
  name: 'read-signing-keys',
  text: `SELECT kid, state, private_key_sealed, public_key FROM auth.signing_keys WHERE state <> 'revoked' ORDER BY created_at`,
}

export const readSigningKeys = async (database: Queryable): Promise<StoredSigningKey[]> =>
  (await database.query<StoredSigningKey>(statement)).rows
