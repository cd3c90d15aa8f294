// The tiers of routes: what each kind of route is counted by. Every route names one; all of them count for their address besides.
import type { RefreshSession, SignInWithApple, SubmitEvents } from '@cairn/contracts'
import type { LimitName } from './gateway-limits.ts'

/** What a request is counted by when its body is as it should be: before its owner is asked, so that many at once are no more than many in turn. */
export interface Claim {
  readonly limit: LimitName
  /** Whose limit it is; undefined where nobody is named. */
  readonly keyOf: (body: unknown, userId: string | undefined) => string | undefined
  /** How many points; 1 when left out. */
  readonly costOf?: (body: unknown) => number
  /**
   * The body says whose it is, and only the owner can tell whether that is so. Everything but its agreement gives back what was
   * counted, so that nobody uses up the limit of somebody else; without it, an owner's failure does.
   */
  readonly confirmedByOwner?: true
}

export interface Tier {
  /** Counted by address, before token and body are looked at. */
  readonly address?: LimitName
  /** Counted by the user of the access token, before the body is looked at. */
  readonly user?: LimitName
  readonly claim?: Claim
  /** What a request counts by, for its user, when its body could not be read and so claims nothing. */
  readonly unreadable?: LimitName
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
  apple: {
    address: 'apple',
    claim: { limit: 'subject', keyOf: subjectOf, confirmedByOwner: true },
    countsFailures: true,
  },
  refresh: {
    address: 'refresh',
    claim: { limit: 'session', keyOf: sessionOf, confirmedByOwner: true },
    countsFailures: true,
  },
  logout: { address: 'refresh', countsFailures: true },
  notification: { address: 'notifications', countsFailures: true },
  user: { user: 'user' },
  events: {
    claim: { limit: 'events', keyOf: (_body, userId) => userId, costOf: body => (body as SubmitEvents).events.length },
    unreadable: 'user',
  },
} as const satisfies Record<string, Tier>

export type TierName = keyof typeof tiers
