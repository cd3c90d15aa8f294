// All signing keys that tokens may still be verified with, the one that signs first.
import type { PublicKey } from '@cairn/contracts'
import type { KeyAge } from '../domain/key-schedule.ts'
import type { SigningKeysRow } from '../generated/rows.ts'
import type { Queryable } from './queryable.ts'

export interface StoredSigningKey extends KeyAge, Pick<SigningKeysRow, 'kid' | 'private_key_sealed'> {
  readonly state: Exclude<SigningKeysRow['state'], 'revoked'>
  readonly public_key: PublicKey
}

const statement = {
  name: 'read-signing-keys',
  text: `SELECT kid, state, private_key_sealed, public_key,
      extract(epoch FROM clock_timestamp() - state_changed_at)::float8 AS seconds
    FROM auth.signing_keys WHERE state <> 'revoked' ORDER BY state = 'current' DESC, created_at`,
}

export const readSigningKeys = async (database: Queryable): Promise<StoredSigningKey[]> =>
  (await database.query<StoredSigningKey>(statement)).rows
