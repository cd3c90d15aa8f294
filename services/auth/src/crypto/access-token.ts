// Signs access tokens. Their verifier is libs/tokens, which accepts exactly this header and these claims.
import { randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import type { SigningKeys } from './signing-keys.ts'

export interface AccessTokenOrder {
  readonly issuer: string
  readonly audience: string
  readonly userId: string
  readonly sessionId: string
  readonly ttlSeconds: number
}

/** `now` in whole seconds since the epoch. */
export const signAccessToken = (
  { current }: SigningKeys,
  { issuer, audience, userId, sessionId, ttlSeconds }: AccessTokenOrder,
  now: number,
): Promise<string> =>
  new SignJWT({
    iss: issuer,
    aud: audience,
    sub: userId,
    sid: sessionId,
    iat: now,
    exp: now + ttlSeconds,
    jti: randomBytes(16).toString('base64url'),
  })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: current.kid })
    .sign(current.privateKey)
