// The keys that sign access tokens: made by the first process to start, kept sealed in the database, known here in clear.
import type { KeySet, PublicKey } from '@cairn/contracts'
import { inTransaction } from '@cairn/postgres'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose'
import type pg from 'pg'
import { insertSigningKey } from '../store/insert-signing-key.ts'
import { lockSigningKeys } from '../store/lock-signing-keys.ts'
import { readSigningKeys, type StoredSigningKey } from '../store/read-signing-keys.ts'
import { seal, unseal } from './sealed.ts'

export interface SigningKeys {
  /** Signs from now on. */
  readonly current: { readonly kid: string; readonly privateKey: CryptoKey }
  /** What verifiers need: every key that is not revoked. */
  readonly keySet: KeySet
}

const makeKey = async (sealingKey: Buffer): Promise<StoredSigningKey> => {
  const pair = await generateKeyPair('EdDSA', { extractable: true })
  const { x = '' } = await exportJWK(pair.publicKey)
  const kid = await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x })
  const publicKey: PublicKey = { kid, kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', x }
  const sealed = seal(sealingKey, JSON.stringify(await exportJWK(pair.privateKey)), kid)
  return { kid, state: 'current', private_key_sealed: sealed, public_key: publicKey }
}

const currentOf = (keys: readonly StoredSigningKey[]): StoredSigningKey | undefined =>
  keys.find(key => key.state === 'current')

/** However many replicas start at once, one of them makes the first key. */
const ensureCurrent = async (pool: pg.Pool, sealingKey: Buffer): Promise<readonly StoredSigningKey[]> => {
  const keys = await readSigningKeys(pool)
  if (currentOf(keys) !== undefined) return keys
  return inTransaction(pool, async client => {
    await lockSigningKeys(client)
    const seen = await readSigningKeys(client)
    if (currentOf(seen) !== undefined) return seen
    const made = await makeKey(sealingKey)
    await insertSigningKey(client, made)
    return [...seen, made]
  })
}

const openPrivateKey = async (key: StoredSigningKey, sealingKey: Buffer): Promise<CryptoKey> => {
  let jwk: JWK
  try {
    jwk = JSON.parse(unseal(sealingKey, key.private_key_sealed, key.kid)) as JWK
  } catch (cause) {
    throw new Error('the signing key in the database was sealed with another AUTH_MASTER_KEY', { cause })
  }
  const privateKey = await importJWK(jwk, 'EdDSA')
  if (privateKey instanceof Uint8Array) throw new TypeError('the signing key is not a key pair')
  return privateKey
}

/** Rejects with the database's failure, or when the master key is not the one the keys were sealed with. */
export const loadSigningKeys = async (pool: pg.Pool, sealingKey: Buffer): Promise<SigningKeys> => {
  const keys = await ensureCurrent(pool, sealingKey)
  const current = currentOf(keys)
  if (current === undefined) throw new Error('there is no current signing key')
  const privateKey = await openPrivateKey(current, sealingKey)
  return { current: { kid: current.kid, privateKey }, keySet: { keys: keys.map(key => key.public_key) } }
}
