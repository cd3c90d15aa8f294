// Tokens of every make, signed by hand: with auth's own key out of its database, or with any other. A JOSE library would
// refuse, rightly, to make most of them.
import { createPrivateKey, createPublicKey, randomUUID, sign, type KeyObject } from 'node:crypto'
import type { Session } from '@cairn/contracts'
import type { Stack } from '@cairn/testkit/stack'
import pg from 'pg'
import { deriveKey } from '../../services/auth/src/crypto/derive-key.ts'
import { unseal } from '../../services/auth/src/crypto/sealed.ts'

export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

interface StoredKey {
  readonly kid: string
  readonly private_key_sealed: Buffer
}

/** The key that signs access tokens of this stack at the moment. */
export const readSigningKey = async (stack: Stack, database: pg.Pool): Promise<SigningKey> => {
  const { rows } = await database.query<StoredKey>(
    `SELECT kid, private_key_sealed FROM auth.signing_keys WHERE state = 'current'`,
  )
  const [stored] = rows
  if (stored === undefined) throw new Error('there is no current key')
  const sealingKey = deriveKey(Buffer.from(stack.environment['AUTH_MASTER_KEY'] ?? '', 'base64url'), 'signingKeys')
  const jwk = JSON.parse(unseal([sealingKey], stored.private_key_sealed, stored.kid)) as Record<string, string>
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  return { kid: stored.kid, privateKey, publicKey: createPublicKey(privateKey) }
}

/** A text stands for itself, so that JSON can be written that no object gives. */
const encode = (part: object | string): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

export type SignPart = (signingInput: string) => string

export const signedBy =
  (key: KeyObject): SignPart =>
  input =>
    sign(null, Buffer.from(input), key).toString('base64url')

export const compact = (header: object | string, claims: object | string, signPart: SignPart): string => {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${signPart(input)}`
}

/** The header auth writes. */
export const goodHeader = ({ kid }: SigningKey): Record<string, unknown> => ({ alg: 'EdDSA', typ: 'at+jwt', kid })

/** Claims as auth writes them for this session. */
export const goodClaims = ({ user, session_id }: Session): Record<string, unknown> => {
  const iat = Math.floor(Date.now() / 1_000)
  return { iss: 'cairn', aud: 'cairn', sub: user.id, sid: session_id, iat, exp: iat + 600, jti: randomUUID() }
}
