// Keeps a realtime connection for as long as it is wanted: connects, comes back with full jitter, refreshes the token when
// told to, and stays away when told to.
import type { NoticePosted } from '@cairn/contracts'
import { backoffMs, type Backoff } from './backoff.ts'
import { isTokenRefused, retryAfterMsOf } from './cairn-problem.ts'
import type { LocalLog } from './local-log.ts'
import { closeCode, firstCodeToStayAway } from './realtime-frames.ts'
import { RealtimeLink, type LinkEnd } from './realtime-link.ts'
import type { SessionStore } from './session-store.ts'
import { synchronise } from './synchronise.ts'
import type { UserSession } from './user-session.ts'

export type RealtimeStatus = 'offline' | 'connecting' | 'live' | 'stopped'

export interface RealtimeClientOptions {
  /** `https://…` or `wss://…`, without a path. */
  readonly realtimeUrl: string
  readonly WebSocket: typeof WebSocket
  readonly sessions: SessionStore
  readonly log: LocalLog
  readonly backoff: Backoff
  readonly idleCheckMs: number
  readonly answerTimeoutMs: number
  /** A connection that is up to date and lasts so long was worth what it cost: pauses begin small again. */
  readonly steadyAfterMs: number
  readonly onNotice?: ((notice: NoticePosted) => void) | undefined
  /** `code` is given with `stopped`: the close code that said to stay away, or undefined when the session is over. */
  readonly onStatus?: ((status: RealtimeStatus, code?: number) => void) | undefined
}

/**
 * A handshake that is refused looks to a WebSocket like one that never got there, so a token that the server does not take
 * would be shown for ever. So many in a row that their pauses have spread what a server that was away makes everybody ask for.
 */
const unreadyUntilRefused = 4

export class RealtimeClient {
  readonly #options: RealtimeClientOptions
  #link: RealtimeLink | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #steady: ReturnType<typeof setTimeout> | undefined
  #wanted = false
  /** Counts what was begun or called off: what is no longer the latest comes to nothing. */
  #dials = 0
  #failures = 0
  /** Connections in a row that ended before they were ready. */
  #unready = 0
  #status: RealtimeStatus = 'offline'

  constructor(options: RealtimeClientOptions) {
    this.#options = options
  }

  get status(): RealtimeStatus {
    return this.#status
  }

  connect(): void {
    if (this.#wanted) return
    this.#wanted = true
    this.#failures = 0
    this.#open()
  }

  /** Somebody has signed in: a connection of the session before would bring that one's pages. */
  redial(): void {
    if (!this.#wanted) return
    this.#failures = 0
    this.#open()
  }

  disconnect(): void {
    this.#wanted = false
    this.#callOff()
    this.#tell('offline')
  }

  /** Ends what is open, under way or planned. */
  #callOff(): void {
    this.#dials += 1
    clearTimeout(this.#timer)
    clearTimeout(this.#steady)
    this.#link?.close()
    this.#link = undefined
  }

  #open(): void {
    this.#callOff()
    const dial = this.#dials
    this.#tell('connecting')
    this.#dial(dial).catch((error: unknown) => {
      if (dial !== this.#dials) return
      if (isTokenRefused(error) || this.#options.sessions.current === undefined) this.#stop()
      else this.#comeBack(retryAfterMsOf(error))
    })
  }

  async #dial(dial: number): Promise<void> {
    const { sessions, log, realtimeUrl, WebSocket, idleCheckMs, answerTimeoutMs, backoff } = this.#options
    const session = sessions.require()
    const token = await session.accessToken()
    if (dial !== this.#dials) return
    const address = `${realtimeUrl.replace(/^http/, 'ws')}/ws/user/${session.userId}`
    this.#link = new RealtimeLink({
      webSocket: new WebSocket(`${address}?token=${encodeURIComponent(token)}`),
      log,
      idleCheckMs,
      answerTimeoutMs,
      backoff,
      newToken: async () => (await session.refresh()).access_token,
      resynchronise: () => synchronise(session, log),
      onNotice: this.#options.onNotice,
      onReady: () => {
        this.#unready = 0
        this.#tell('live')
      },
      // Not before: what makes a connection end at once may be HTTP, which needs the pause as well.
      onCaughtUp: () => {
        if (dial === this.#dials) this.#lasts()
      },
      onEnd: end => {
        if (dial === this.#dials) this.#ended(end, session)
      },
    })
  }

  #lasts(): void {
    clearTimeout(this.#steady)
    this.#steady = setTimeout(() => {
      this.#failures = 0
    }, this.#options.steadyAfterMs)
  }

  #ended({ code, retryAfterMs }: LinkEnd, session: UserSession): void {
    clearTimeout(this.#steady)
    this.#link = undefined
    if (code === closeCode.tokenExpired || this.#mayBeRefused()) session.expireToken()
    if (code === closeCode.sessionRevoked) session.end()
    if (code >= firstCodeToStayAway && code < 5_000) this.#stop(code)
    else this.#comeBack(retryAfterMs)
  }

  /** Once for all connections in a row that did not come about: a server that is away refuses no token. */
  #mayBeRefused(): boolean {
    this.#unready += 1
    return this.#unready === unreadyUntilRefused
  }

  #comeBack(afterMs: number): void {
    const ms = afterMs + backoffMs(this.#options.backoff, this.#failures)
    this.#failures += 1
    this.#timer = setTimeout(() => this.#open(), ms)
    this.#tell('offline')
  }

  #stop(code?: number): void {
    this.#wanted = false
    this.#tell('stopped', code)
  }

  #tell(status: RealtimeStatus, code?: number): void {
    if (status === this.#status) return
    this.#status = status
    this.#options.onStatus?.(status, code)
  }
}
