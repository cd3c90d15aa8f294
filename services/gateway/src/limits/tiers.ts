// The tiers of routes: what each kind of route is counted by. Every route names one; all of them count for their address besides.
import type { RefreshSession, SignInWithApple, SubmitEvents } from '@cairn/contracts'
import type { LimitName } from './gateway-limits.ts'

/**
 * A name that the request claims and only its owner can confirm: whether it has any left is looked at before the owner is asked, and it
 * is counted when the owner has agreed. So nobody uses up the limit of somebody else.
 */
export interface ClaimedName {
  readonly limit: LimitName
  readonly keyOf: (body: unknown) => string | undefined
}

export interface Tier {
  /** Counted by address, before token and body are looked at. */
  readonly address?: LimitName
  /** Counted by the user of the access token. */
  readonly user?: LimitName
  /** How many points a request costs, once its body is known to be as it should; 1 when left out. */
  readonly cost?: (body: unknown) => number
  readonly claimed?: ClaimedName
  /** Refusals are counted apart, and many of them close the tier to that address. */
  readonly countsFailures?: true
}

/** `sub` of a token whose signature is nobody's business here. */
const subjectOf = (body: unknown): string | undefined => {
  const [, claims = ''] = (body as SignInWithApple).identity_token.split('.', 2)
  try {
    const { sub } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { sub?: unknown }
    return typeof sub === 'string' ? sub : undefined
  } catch {
    return undefined
  }
}

const sessionOf = (body: unknown): string | undefined =>
  /^rt1\.([\da-f-]{36})\./.exec((body as RefreshSession).refresh_token)?.[1]

export const tiers = {
  public: {},
  nonce: { address: 'nonce' },
  guest: { address: 'guest' },
  apple: { address: 'apple', claimed: { limit: 'subject', keyOf: subjectOf }, countsFailures: true },
  refresh: { address: 'refresh', claimed: { limit: 'session', keyOf: sessionOf }, countsFailures: true },
  logout: { address: 'refresh', countsFailures: true },
  notification: { address: 'notifications', countsFailures: true },
  user: { user: 'user' },
  events: { user: 'events', cost: body => (body as SubmitEvents).events.length },
} as const satisfies Record<string, Tier>

export type TierName = keyof typeof tiers
