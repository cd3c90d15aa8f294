// What gateway and realtime ask about an access token. Verified tokens are cached; end of life, ended sessions and
// withdrawn keys are looked at on every call, so an answer from the cache is never more generous than a fresh one.
import { CairnError, isUuid, keysRotatedSubject, readKeySet, sessionEndedSubjects } from '@cairn/contracts'
import type { KeySet, SessionEnded } from '@cairn/contracts'
import { request, subscribe, type Bus, type EventMessage, type Subscription } from '@cairn/bus'
import type { Logger } from '@cairn/runtime'
import type { AccessClaims, ClaimRules } from './access-claims.ts'
import { DenyList } from './deny-list.ts'
import { KeyRing } from './key-ring.ts'
import { TokenCache } from './token-cache.ts'
import { verifyAccessToken } from './verify-access-token.ts'

export interface TokenGuardOptions extends ClaimRules {
  readonly bus: Bus
  readonly logger: Logger
  /** Longest wait for auth's key set, in milliseconds. */
  readonly requestTimeoutMs: number
  /** Verified tokens kept; at about 1 KiB each the default is 20 MiB at most. */
  readonly cachedTokens?: number
  /** Ended sessions remembered while their tokens live. */
  readonly deniedSessions?: number
  /** Shortest time between two loads of the key set that unknown key ids cause, in milliseconds. */
  readonly unknownKeyFloorMs?: number
}

export interface TokenGuard {
  /** Keys are loaded and the bus has not been lost for longer than 5 s. */
  readonly ready: boolean
  /** Throws `token_expired`, `token_invalid`, or `unavailable` while no keys could ever be loaded. */
  verify(token: string): Promise<AccessClaims>
  /** `listener` must not throw. It is called after the session is denied here. */
  onSessionEnded(listener: (ended: SessionEnded) => void): void
  keySet(): KeySet
  stop(): void
}

/** Design §4: without the bus for longer than this, revocations may have been missed. */
const busGraceMs = 5_000
const retryDelayMs = 250

const nowSeconds = (): number => Date.now() / 1_000

const keyRingOf = ({ bus, logger, requestTimeoutMs, unknownKeyFloorMs = 5_000 }: TokenGuardOptions): KeyRing =>
  new KeyRing({
    logger,
    readKeySet: () => request(bus, readKeySet, { payload: {}, timeoutMs: requestTimeoutMs }),
    unknownKeyFloorMs,
    retryDelayMs,
  })

const denyListOf = (options: TokenGuardOptions): DenyList =>
  new DenyList({
    keepSeconds: options.maxLifetimeSeconds + options.clockSkewSeconds,
    limit: options.deniedSessions ?? 200_000,
    onOverflow: () => options.logger.error('the deny list is full; the oldest ended session is forgotten'),
  })

class BusTokenGuard implements TokenGuard {
  readonly #options: TokenGuardOptions
  readonly #keys: KeyRing
  readonly #denied: DenyList
  readonly #cache: TokenCache
  readonly #listeners = new Set<(ended: SessionEnded) => void>()
  readonly #subscriptions: readonly Subscription[]

  constructor(options: TokenGuardOptions) {
    this.#options = options
    this.#keys = keyRingOf(options)
    this.#denied = denyListOf(options)
    this.#cache = new TokenCache(options.cachedTokens ?? 20_000)
    this.#subscriptions = [
      subscribe(options.bus, sessionEndedSubjects, message => this.#onSessionEnded(message)),
      subscribe(options.bus, keysRotatedSubject, () => this.#keys.refresh()),
    ]
    options.bus.onReconnect(() => this.#keys.refresh())
    this.#keys.refresh()
  }

  get ready(): boolean {
    return this.#keys.loaded && this.#options.bus.disconnectedForMs <= busGraceMs
  }

  async verify(token: string): Promise<AccessClaims> {
    let verified = this.#cache.get(token)
    if (verified === undefined) {
      verified = await verifyAccessToken(token, {
        rules: this.#options,
        keyFor: keyId => this.#keys.keyFor(keyId),
      })
      this.#cache.set(token, verified)
    }
    const { claims, keyId } = verified
    const expired = claims.expiresAt <= nowSeconds()
    if (!expired && this.#keys.has(keyId) && !this.#denied.denies(claims.sessionId)) return claims
    this.#cache.delete(token)
    throw new CairnError(expired ? 'token_expired' : 'token_invalid')
  }

  onSessionEnded(listener: (ended: SessionEnded) => void): void {
    this.#listeners.add(listener)
  }

  keySet(): KeySet {
    return this.#keys.keySet
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    this.#keys.stop()
  }

  #onSessionEnded(message: EventMessage): void {
    let ended: SessionEnded | undefined
    try {
      ended = message.json() as SessionEnded
    } catch {
      ended = undefined
    }
    if (!isUuid(ended?.session_id)) {
      this.#options.logger.error({ subject: message.subject }, 'an event about an ended session names none')
      return
    }
    this.#denied.deny(ended.session_id, nowSeconds())
    for (const listener of this.#listeners) listener(ended)
  }
}

/** Resolves at once; `ready` becomes true as soon as auth has answered with its keys, however long that takes. */
export const startTokenGuard = (options: TokenGuardOptions): Promise<TokenGuard> =>
  Promise.resolve(new BusTokenGuard(options))
