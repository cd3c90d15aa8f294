// What has ended while access tokens of it may still be within their lifetime: a session, or all that a user had up to a
// second. It is bounded and never forgets silently: what it has to forget early makes every token of that age too old.
import type { SignedClaims } from './access-claims.ts'

export interface DenyListOptions {
  /** Seconds after which no token of what has ended can be valid any more. */
  readonly keepSeconds: number
  /** Most sessions and users remembered, together. */
  readonly limit: number
  /** Told when tokens become too old, at most once for each second of `iat`. */
  readonly onOverflow: (tooOldUpTo: number) => void
}

interface Denial {
  /** Tokens issued up to this second are denied; of a session, all. */
  readonly notAfter: number
  /** No token that this denies has a later `iat`. */
  readonly lastIssuedAt: number
  readonly until: number
}

/** A session that ends in the second in which it was made has tokens of the next one. */
const issuedAheadSeconds = 1

export class DenyList {
  readonly #options: DenyListOptions
  /** By session id and by user id, both UUIDs. All live equally long, so the order of insertion is the order of expiry. */
  readonly #denials = new Map<string, Denial>()
  #tooOldUpTo = Number.NEGATIVE_INFINITY

  constructor(options: DenyListOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#denials.size
  }

  /** `endedAt` by the clock of auth, which issues tokens; `now` by ours. Both in seconds since the epoch. */
  denySession(sessionId: string, endedAt: number, now: number): void {
    const lastIssuedAt = Math.ceil(endedAt) + issuedAheadSeconds
    this.#add(sessionId, { notAfter: Number.POSITIVE_INFINITY, lastIssuedAt }, now)
  }

  /** Denies the user's tokens with `iat` up to `notAfter`. All in seconds since the epoch. */
  denyUser(userId: string, notAfter: number, now: number): void {
    const latest = Math.max(notAfter, this.#denials.get(userId)?.notAfter ?? notAfter)
    this.#add(userId, { notAfter: latest, lastIssuedAt: latest }, now)
  }

  /**
   * `token_invalid` for a token of what has ended. `token_expired` for one so old that it may be of something forgotten:
   * whoever's session lives refreshes and goes on, nobody else can.
   */
  verdictOn({ sessionId, userId, issuedAt }: SignedClaims): 'token_invalid' | 'token_expired' | undefined {
    const signedOut = this.#denials.get(userId)
    if (this.#denials.has(sessionId) || (signedOut !== undefined && issuedAt <= signedOut.notAfter)) {
      return 'token_invalid'
    }
    return issuedAt <= this.#tooOldUpTo ? 'token_expired' : undefined
  }

  #add(id: string, denial: Omit<Denial, 'until'>, now: number): void {
    this.#denials.delete(id)
    this.#denials.set(id, { ...denial, until: now + this.#options.keepSeconds })
    for (const [oldest, { until, lastIssuedAt }] of this.#denials) {
      const full = this.#denials.size > this.#options.limit
      if (until > now && !full) return
      if (until > now) this.#forgetEarly(lastIssuedAt)
      this.#denials.delete(oldest)
    }
  }

  #forgetEarly(lastIssuedAt: number): void {
    if (lastIssuedAt <= this.#tooOldUpTo) return
    this.#tooOldUpTo = lastIssuedAt
    this.#options.onOverflow(lastIssuedAt)
  }
}
