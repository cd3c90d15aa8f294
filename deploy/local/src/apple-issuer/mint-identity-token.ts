// Makes an identity token as Apple does, or one that is wrong in exactly the way that was asked for. Signed by hand,
// since a JOSE library refuses, rightly, to make most of the wrong ones.
import { createHash, createHmac, randomBytes, randomInt, sign } from 'node:crypto'
import type { IssuerKey } from './issuer-keys.ts'

export interface TokenOrder {
  readonly sub?: string
  readonly email?: string
  /** The raw nonce; its SHA-256 in lower-case hex becomes the claim, as native apps send it. */
  readonly nonce?: string
  /** Laid over the claims; null removes one. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Laid over the header; null removes an entry. `alg` none and HS256 also change the signature, as an attacker would. */
  readonly header?: Readonly<Record<string, unknown>>
}

export interface TokenMaker {
  readonly issuer: string
  readonly audience: string
  /** Named in the header. */
  readonly key: IssuerKey
  /** Signs: the same key, unless a wrong signature is wanted. */
  readonly signingKey: IssuerKey
}

/** Apple has been seen to answer with a day (2024), so that `exp` alone proves little. */
const lifetimeSeconds = 86_400

/** Like Apple's: `001234.<32 hex digits>.1234`. */
const randomSubject = (): string => {
  const digits = (count: number): string => String(randomInt(10 ** count)).padStart(count, '0')
  return `${digits(6)}.${randomBytes(16).toString('hex')}.${digits(4)}`
}

const overlaid = (
  base: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> =>
  Object.fromEntries(Object.entries({ ...base, ...changes }).filter(([, value]) => value !== null))

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const signatureOf = (signingInput: string, alg: unknown, { signingKey }: TokenMaker): string => {
  if (typeof alg === 'string' && alg.toLowerCase() === 'none') return ''
  if (alg === 'HS256') {
    const publicText = signingKey.publicKey.export({ type: 'spki', format: 'pem' })
    return createHmac('sha256', publicText).update(signingInput).digest('base64url')
  }
  return sign('RSA-SHA256', Buffer.from(signingInput), signingKey.privateKey).toString('base64url')
}

/** `now` in seconds since the epoch. */
export const mintIdentityToken = (order: TokenOrder, maker: TokenMaker, now: number): string => {
  const claims = overlaid(
    {
      iss: maker.issuer,
      aud: maker.audience,
      exp: now + lifetimeSeconds,
      iat: now,
      sub: order.sub ?? randomSubject(),
      auth_time: now,
      nonce_supported: true,
      ...(order.nonce === undefined ? {} : { nonce: createHash('sha256').update(order.nonce).digest('hex') }),
      ...(order.email === undefined ? {} : { email: order.email, email_verified: true }),
    },
    order.claims,
  )
  const header = overlaid({ kid: maker.key.kid, alg: 'RS256' }, order.header)
  const signingInput = `${encode(header)}.${encode(claims)}`
  return `${signingInput}.${signatureOf(signingInput, header['alg'], maker)}`
}
