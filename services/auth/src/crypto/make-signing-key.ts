// A new Ed25519 key pair, its private part sealed; and how that part is opened again.
import type { PublicKey } from '@cairn/contracts'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose'
import type { KeyAge } from '../domain/key-schedule.ts'
import type { NewSigningKey } from '../store/insert-signing-key.ts'
import type { StoredSigningKey } from '../store/read-signing-keys.ts'
import type { Keys } from './derive-key.ts'
import { seal, unseal } from './sealed.ts'

export const makeSigningKey = async (sealingKeys: Keys, state: KeyAge['state']): Promise<NewSigningKey> => {
  const pair = await generateKeyPair('EdDSA', { extractable: true })
  const { x = '' } = await exportJWK(pair.publicKey)
  const kid = await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x })
  const publicKey: PublicKey = { kid, kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', x }
  const sealed = seal(sealingKeys, JSON.stringify(await exportJWK(pair.privateKey)), kid)
  return { kid, state, private_key_sealed: sealed, public_key: publicKey }
}

/** Throws when it was sealed with another master key. */
export const openPrivateKey = async (
  { kid, private_key_sealed: sealed }: StoredSigningKey,
  sealingKeys: Keys,
): Promise<CryptoKey> => {
  let jwk: JWK
  try {
    jwk = JSON.parse(unseal(sealingKeys, sealed, kid)) as JWK
  } catch (cause) {
    const missing = 'the signing key in the database was sealed with another AUTH_MASTER_KEY'
    throw new Error(`${missing}; is the one before it missing in AUTH_OLD_MASTER_KEYS?`, { cause })
  }
  const privateKey = await importJWK(jwk, 'EdDSA')
  if (privateKey instanceof Uint8Array) throw new TypeError('the signing key is not a key pair')
  return privateKey
}
