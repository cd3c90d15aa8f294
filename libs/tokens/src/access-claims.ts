// Claims of an access token whose signature holds: shapes, names and times. jose checks none of the shapes.
import { CairnError, isUuid } from '@cairn/contracts'

export interface SignedClaims {
  readonly userId: string
  readonly sessionId: string
  readonly tokenId: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds since the epoch; the token is refused from that second on. */
  readonly expiresAt: number
}

export interface AccessClaims extends SignedClaims {
  /** Of the key that signed them. */
  readonly keyId: string
}

export interface ClaimRules {
  readonly issuer: string
  readonly audience: string
  readonly maxLifetimeSeconds: number
  /** Applies to `iat` and `nbf` alone: nobody needs a token after its end. */
  readonly clockSkewSeconds: number
}

const maxTokenIdLength = 64

const isLowerCaseUuid = (value: unknown): value is string => isUuid(value) && value === value.toLowerCase()

export const isSecond = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0

const isTokenId = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= maxTokenIdLength

/** Reads the claims at `now` (seconds since the epoch). Throws `token_expired`, and `token_invalid` for all else. */
export const readAccessClaims = (
  payload: Readonly<Record<string, unknown>>,
  rules: ClaimRules,
  now: number,
): SignedClaims => {
  const { iss, aud, sub, sid, jti, iat, exp, nbf } = payload
  const latest = now + rules.clockSkewSeconds
  const valid =
    iss === rules.issuer &&
    aud === rules.audience &&
    isLowerCaseUuid(sub) &&
    isLowerCaseUuid(sid) &&
    isTokenId(jti) &&
    isSecond(iat) &&
    isSecond(exp) &&
    exp > iat &&
    exp - iat <= rules.maxLifetimeSeconds &&
    iat <= latest &&
    (nbf === undefined || (isSecond(nbf) && nbf <= latest))
  if (!valid) throw new CairnError('token_invalid')
  if (exp <= now) throw new CairnError('token_expired')
  return { userId: sub, sessionId: sid, tokenId: jti, issuedAt: iat, expiresAt: exp }
}
