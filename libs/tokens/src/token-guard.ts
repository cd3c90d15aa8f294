// What gateway and realtime ask about an access token. Verified tokens are cached; end of life, what has ended and
// withdrawn keys are looked at on every call, so an answer from the cache is never more generous than a fresh one.
import { CairnError, keysRotatedSubject, readKeySet } from '@cairn/contracts'
import type { KeySet, SessionEnded, UserSignedOut } from '@cairn/contracts'
import { request, subscribe, type Bus, type Subscription } from '@cairn/bus'
import type { ConfigOf, Logger } from '@cairn/runtime'
import type { CryptoKey } from 'jose'
import type { AccessClaims, ClaimRules } from './access-claims.ts'
import { BusPulse } from './bus-pulse.ts'
import { Denials } from './denials.ts'
import { KeyRing } from './key-ring.ts'
import { TokenCache } from './token-cache.ts'
import type { guardVariables } from './token-variables.ts'
import { verifyAccessToken } from './verify-access-token.ts'

export interface TokenGuardOptions {
  readonly bus: Bus
  readonly logger: Logger
  readonly config: ConfigOf<typeof guardVariables>
  /** Longest wait for auth's key set, and for one page of its denials, in milliseconds. */
  readonly requestTimeoutMs: number
}

export interface TokenGuard {
  /**
   * Keys and deny list are loaded, and what has ended since is known. Without a sign of the bus it stays true for 5 s;
   * when the bus is back it is false until the deny list has been read again.
   */
  readonly ready: boolean
  /** The claims of a token that was verified before and holds now; undefined when `verify` has to be asked. */
  verified(token: string): AccessClaims | undefined
  /** Throws `token_expired` and `token_invalid`; while not ready also `unavailable`, for a token that may be good. */
  verify(token: string): Promise<AccessClaims>
  /** The same of a token whose session may have ended: for whoever wants no more than that it has. */
  verifyEnded(token: string): Promise<AccessClaims>
  /**
   * What is to be said now of claims that were verified before; undefined when they hold until their end. Of a withdrawn key
   * `token_expired`: whoever has a session gets a token of another one.
   */
  verdictOn(claims: AccessClaims): 'token_invalid' | 'token_expired' | undefined
  /** `listener` must not throw. It is called after the session is denied here. */
  onSessionEnded(listener: (ended: SessionEnded) => void): void
  /** `listener` must not throw. It is called after the user's tokens are denied here. */
  onUserSignedOut(listener: (signedOut: UserSignedOut) => void): void
  /**
   * `listener` must not throw. Verdicts may be others than before, and no event says which: a key was withdrawn, or ends that no event
   * told of are on the deny list, at start and after the bus was lost.
   */
  onVerdictsChanged(listener: () => void): void
  keySet(): KeySet
  stop(): void
}

/** Design §4: without the bus for longer than this, revocations may have been missed. */
const busGraceMs = 5_000
const retryDelayMs = 250

const keyRingOf = ({ bus, logger, requestTimeoutMs, config }: TokenGuardOptions): KeyRing =>
  new KeyRing({
    logger,
    readKeySet: () => request(bus, readKeySet, { payload: {}, timeoutMs: requestTimeoutMs }),
    unknownKeyFloorMs: config.unknownKeyFloorMs,
    retryDelayMs,
  })

const denialsOf = ({ bus, logger, requestTimeoutMs, config }: TokenGuardOptions): Denials =>
  new Denials({
    bus,
    logger,
    requestTimeoutMs,
    retryDelayMs,
    maxLifetimeSeconds: config.accessTokenTtlSeconds,
    clockSkewSeconds: config.clockSkewSeconds,
    limit: config.deniedLimit,
  })

class BusTokenGuard implements TokenGuard {
  readonly #rules: ClaimRules
  readonly #keys: KeyRing
  readonly #denials: Denials
  readonly #cache: TokenCache
  readonly #pulse: BusPulse
  readonly #keysRotated: Subscription

  constructor(options: TokenGuardOptions) {
    const { config } = options
    this.#rules = {
      issuer: config.accessTokenIssuer,
      audience: config.accessTokenAudience,
      maxLifetimeSeconds: config.accessTokenTtlSeconds,
      clockSkewSeconds: config.clockSkewSeconds,
    }
    this.#keys = keyRingOf(options)
    this.#denials = denialsOf(options)
    this.#cache = new TokenCache(config.cachedTokens)
    this.#pulse = new BusPulse(options.bus)
    this.#keysRotated = subscribe(options.bus, keysRotatedSubject, () => this.#keys.refresh())
    options.bus.onReconnect(() => this.#keys.refresh())
    this.#keys.refresh()
  }

  get ready(): boolean {
    return this.#keys.loaded && this.#denials.upToDate && this.#pulse.silentForMs <= busGraceMs
  }

  verified(token: string): AccessClaims | undefined {
    const known = this.#cache.get(token)
    if (known === undefined || !this.ready) return undefined
    const holds = known.expiresAt > Date.now() / 1_000 && this.verdictOn(known) === undefined
    return holds ? known : undefined
  }

  async verify(token: string): Promise<AccessClaims> {
    const claims = await this.verifyEnded(token)
    const denied = this.verdictOn(claims)
    if (denied !== undefined) {
      this.#cache.delete(token)
      throw new CairnError(denied)
    }
    if (!this.ready) throw new CairnError('unavailable', { cause: new Error('what has ended lately is not known') })
    return claims
  }

  async verifyEnded(token: string): Promise<AccessClaims> {
    let claims = this.#cache.get(token)
    if (claims === undefined) {
      const keyFor = (keyId: string): Promise<CryptoKey | undefined> => this.#keys.keyFor(keyId)
      claims = await verifyAccessToken(token, { rules: this.#rules, keyFor })
      this.#cache.set(token, claims)
    }
    const expired = claims.expiresAt <= Date.now() / 1_000
    if (!expired && this.#keys.has(claims.keyId)) return claims
    this.#cache.delete(token)
    throw new CairnError(expired ? 'token_expired' : 'token_invalid')
  }

  verdictOn(claims: AccessClaims): 'token_invalid' | 'token_expired' | undefined {
    return this.#keys.has(claims.keyId) ? this.#denials.verdictOn(claims) : 'token_expired'
  }

  onSessionEnded(listener: (ended: SessionEnded) => void): void {
    this.#denials.onSessionEnded(listener)
  }

  onUserSignedOut(listener: (signedOut: UserSignedOut) => void): void {
    this.#denials.onUserSignedOut(listener)
  }

  onVerdictsChanged(listener: () => void): void {
    this.#denials.onLoaded(listener)
    this.#keys.onWithdrawn(listener)
  }

  keySet(): KeySet {
    return this.#keys.keySet
  }

  stop(): void {
    this.#pulse.stop()
    this.#keysRotated.unsubscribe()
    this.#denials.stop()
    this.#keys.stop()
  }
}

/** Resolves at once; `ready` becomes true as soon as auth has answered with keys and denials, however long that takes. */
export const startTokenGuard = (options: TokenGuardOptions): Promise<TokenGuard> =>
  Promise.resolve(new BusTokenGuard(options))
