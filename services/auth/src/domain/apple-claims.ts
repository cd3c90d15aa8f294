// What an identity token's claims must say, once its signature holds. Everything that is missing is a fault: two thirds of
// the published holes in Apple sign-in were "not configured, so not checked".

export interface AppleRules {
  readonly issuers: readonly string[]
  readonly clientIds: readonly string[]
  /** The two spellings of the request's nonce that count: as it is, and as lower-case hex of its SHA-256. */
  readonly nonces: readonly string[]
  /** Seconds since the epoch. */
  readonly now: number
  readonly maxAgeSeconds: number
  readonly skewSeconds: number
}

export interface AppleIdentity {
  readonly issuer: string
  readonly subject: string
  /** Which of our client ids it was made for: an authorization code beside it counts for that one. */
  readonly clientId: string
  readonly email: string | undefined
  readonly emailVerified: boolean
}

/** Why a token is refused: for the debug log, never for the client. */
export type AppleFault = 'issuer' | 'audience' | 'subject' | 'issued_at' | 'expired' | 'nonce'

type Claims = Readonly<Record<string, unknown>>

const subjectPattern = /^[\x21-\x7e]{1,255}$/
const emailPattern = /^[^\s\p{C}@]+@[^\s\p{C}@]+$/u
const maxEmailLength = 320

const oneOf = (allowed: readonly string[], value: unknown): value is string =>
  typeof value === 'string' && allowed.includes(value)

const faultOf = ({ iss, aud, sub, iat, exp, nonce }: Claims, rules: AppleRules): AppleFault | undefined => {
  if (!oneOf(rules.issuers, iss)) return 'issuer'
  if (!oneOf(rules.clientIds, aud)) return 'audience'
  if (typeof sub !== 'string' || !subjectPattern.test(sub)) return 'subject'
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) return 'issued_at'
  const age = rules.now - (iat as number)
  if (age > rules.maxAgeSeconds + rules.skewSeconds || age < -rules.skewSeconds) return 'issued_at'
  if ((exp as number) <= rules.now - rules.skewSeconds) return 'expired'
  return oneOf(rules.nonces, nonce) ? undefined : 'nonce'
}

/** Apple sends booleans as booleans or as text; everything but a clear yes is a no. */
const isYes = (value: unknown): boolean => value === true || value === 'true'

const isEmail = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= maxEmailLength && emailPattern.test(value)

/** The identity, or the first rule that does not hold. */
export const judgeAppleClaims = (claims: Claims, rules: AppleRules): AppleIdentity | AppleFault => {
  const fault = faultOf(claims, rules)
  if (fault !== undefined) return fault
  const email = isEmail(claims['email']) ? claims['email'] : undefined
  return {
    issuer: claims['iss'] as string,
    subject: claims['sub'] as string,
    clientId: claims['aud'] as string,
    email,
    emailVerified: email !== undefined && isYes(claims['email_verified']),
  }
}
