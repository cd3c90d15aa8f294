// The deny list as it follows auth. It listens first, then loads every page, so that nothing in between is missed. After a
// lost bus connection it is out of date from the moment of return until a load begun since then has been read to its end.
import {
  isUuid,
  readDenials,
  sessionEndedSubjects,
  userSignedOutSubjects,
  type Denials as DenialsPage,
  type ReadDenials,
  type SessionEnded,
  type UserSignedOut,
} from '@cairn/contracts'
import { request, subscribe, type Bus, type EventMessage, type Subscription } from '@cairn/bus'
import type { Logger } from '@cairn/runtime'
import type { SignedClaims } from './access-claims.ts'
import { BackgroundLoad } from './background-load.ts'
import { DenyList } from './deny-list.ts'

export interface DenialsOptions {
  readonly bus: Bus
  readonly logger: Logger
  readonly maxLifetimeSeconds: number
  readonly clockSkewSeconds: number
  /** Most sessions and users remembered, together. */
  readonly limit: number
  /** Longest wait for one page, in milliseconds. */
  readonly requestTimeoutMs: number
  /** Wait after a failed load, in milliseconds. */
  readonly retryDelayMs: number
}

const nowSeconds = (): number => Date.now() / 1_000

const isInstant = (value: unknown): value is string => typeof value === 'string' && Number.isFinite(Date.parse(value))

const isSessionEnded = (value: unknown): value is SessionEnded => {
  const { user_id, session_id, ended_at } = (value ?? {}) as Partial<SessionEnded>
  return isUuid(user_id) && isUuid(session_id) && isInstant(ended_at)
}

const isUserSignedOut = (value: unknown): value is UserSignedOut => {
  const { user_id, not_after } = (value ?? {}) as Partial<UserSignedOut>
  return isUuid(user_id) && Number.isSafeInteger(not_after)
}

const payloadOf = (message: EventMessage): unknown => {
  try {
    return message.json()
  } catch {
    return undefined
  }
}

export class Denials {
  readonly #options: DenialsOptions
  readonly #list: DenyList
  readonly #loads: BackgroundLoad
  readonly #subscriptions: readonly Subscription[]
  readonly #onEnded = new Set<(ended: SessionEnded) => void>()
  readonly #onSignedOut = new Set<(signedOut: UserSignedOut) => void>()
  readonly #onLoaded = new Set<() => void>()
  /** Counts connections to the bus: a load tells the truth only of the one it began on. */
  #connection = 0
  #loadedOn = -1

  constructor(options: DenialsOptions) {
    this.#options = options
    const { bus, logger, maxLifetimeSeconds, clockSkewSeconds, limit, retryDelayMs } = options
    this.#list = new DenyList({
      // A token may be issued one second after the end it dies by; clocks differ by at most the skew.
      keepSeconds: maxLifetimeSeconds + clockSkewSeconds + 1,
      limit,
      onOverflow: tooOldUpTo =>
        logger.error({ too_old_up_to: tooOldUpTo }, 'the deny list is full; older tokens are refused'),
    })
    this.#loads = new BackgroundLoad({
      load: () => this.#load(),
      retryDelayMs,
      onFailed: error => logger.warn({ error }, 'could not load the deny list; will try again'),
    })
    this.#subscriptions = [
      subscribe(bus, sessionEndedSubjects, message => this.#receiveSessionEnded(message)),
      subscribe(bus, userSignedOutSubjects, message => this.#receiveUserSignedOut(message)),
    ]
    bus.onReconnect(() => {
      this.#connection += 1
      this.#loads.refresh()
    })
    this.#loads.refresh()
  }

  /** Nothing that ended before the bus was last lost is missing. While it is lost, this stays as it was. */
  get upToDate(): boolean {
    return this.#loadedOn === this.#connection
  }

  verdictOn(claims: SignedClaims): 'token_invalid' | 'token_expired' | undefined {
    return this.#list.verdictOn(claims)
  }

  onSessionEnded(listener: (ended: SessionEnded) => void): void {
    this.#onEnded.add(listener)
  }

  onUserSignedOut(listener: (signedOut: UserSignedOut) => void): void {
    this.#onSignedOut.add(listener)
  }

  onLoaded(listener: () => void): void {
    this.#onLoaded.add(listener)
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    this.#loads.stop()
  }

  async #load(): Promise<void> {
    const connection = this.#connection
    const { bus, requestTimeoutMs: timeoutMs } = this.#options
    let payload: ReadDenials | undefined = {}
    while (payload !== undefined) {
      const page: DenialsPage = await request(bus, readDenials, { payload, timeoutMs })
      this.#add(page)
      payload = page.next_cursor === null ? undefined : { cursor: page.next_cursor }
    }
    if (connection !== this.#connection) return
    this.#loadedOn = connection
    for (const listener of this.#onLoaded) listener()
  }

  #add({ sessions, users }: DenialsPage): void {
    const now = nowSeconds()
    for (const { session_id, ended_at } of sessions)
      this.#list.denySession(session_id, Date.parse(ended_at) / 1_000, now)
    for (const { user_id, not_after } of users) this.#list.denyUser(user_id, not_after, now)
  }

  #receiveSessionEnded(message: EventMessage): void {
    const ended = payloadOf(message)
    if (!isSessionEnded(ended)) {
      this.#options.logger.error({ subject: message.subject }, 'an event about an ended session names none')
      return
    }
    this.#list.denySession(ended.session_id, Date.parse(ended.ended_at) / 1_000, nowSeconds())
    for (const listener of this.#onEnded) listener(ended)
  }

  #receiveUserSignedOut(message: EventMessage): void {
    const signedOut = payloadOf(message)
    if (!isUserSignedOut(signedOut)) {
      this.#options.logger.error({ subject: message.subject }, 'an event about a signed-out user names none')
      return
    }
    this.#list.denyUser(signedOut.user_id, signedOut.not_after, nowSeconds())
    for (const listener of this.#onSignedOut) listener(signedOut)
  }
}
