// Access tokens as auth would sign them, for tests of what verifies them without an auth.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import type { KeySet } from '@cairn/contracts'

export interface TokenIssuer {
  readonly keySet: KeySet
  /** A token of that user, with a session of its own; `claims` win. */
  token(userId: string, claims?: Readonly<Record<string, unknown>>): string
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

export const createTokenIssuer = (): TokenIssuer => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  const kid = randomUUID()
  const token: TokenIssuer['token'] = (userId, claims = {}) => {
    const iat = Math.floor(Date.now() / 1_000)
    const own = { iss: 'cairn', aud: 'cairn', sub: userId, sid: randomUUID(), iat, exp: iat + 600, jti: randomUUID() }
    const input = `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid })}.${encode({ ...own, ...claims })}`
    return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`
  }
  return { keySet: { keys: [{ kid, kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', x }] }, token }
}
