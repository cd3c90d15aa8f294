// Keeps a realtime connection for as long as it is wanted: connects, comes back with full jitter, refreshes the token when
// told to, and stays away when told to.
import type { NoticePosted } from '@cairn/contracts'
import { backoffMs, type Backoff } from './backoff.ts'
import { CairnProblem } from './cairn-problem.ts'
import type { LocalLog } from './local-log.ts'
import { closeCode, firstCodeToStayAway } from './realtime-frames.ts'
import { RealtimeLink, type LinkEnd } from './realtime-link.ts'
import type { SessionStore } from './session.ts'

export type RealtimeStatus = 'offline' | 'connecting' | 'live' | 'stopped'

export interface RealtimeClientOptions {
  /** `https://…` or `wss://…`, without a path. */
  readonly realtimeUrl: string
  readonly WebSocket: typeof WebSocket
  readonly session: SessionStore
  readonly log: LocalLog
  readonly synchronise: () => Promise<void>
  readonly backoff: Backoff
  readonly readyTimeoutMs: number
  readonly onNotice?: ((notice: NoticePosted) => void) | undefined
  /** `code` is given with `stopped`: the close code that said to stay away, or undefined when the session is over. */
  readonly onStatus?: ((status: RealtimeStatus, code?: number) => void) | undefined
}

export class RealtimeClient {
  readonly #options: RealtimeClientOptions
  #link: RealtimeLink | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #wanted = false
  /** Counts what was begun or called off: a dial that is no longer the latest comes to nothing. */
  #dials = 0
  #failures = 0
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

  disconnect(): void {
    this.#wanted = false
    this.#dials += 1
    clearTimeout(this.#timer)
    this.#link?.close()
    this.#link = undefined
    this.#tell('offline')
  }

  #open(): void {
    this.#tell('connecting')
    this.#dial().catch((error: unknown) => {
      const over = error instanceof CairnProblem && error.status === 401
      if (over || this.#options.session.current === undefined) this.#stop()
      else this.#comeBack(0)
    })
  }

  async #dial(): Promise<void> {
    const { session, realtimeUrl, WebSocket } = this.#options
    this.#dials += 1
    const dial = this.#dials
    const token = await session.accessToken()
    if (dial !== this.#dials) return
    const address = `${realtimeUrl.replace(/^http/, 'ws')}/ws/user/${session.require().user.id}`
    const webSocket = new WebSocket(`${address}?token=${encodeURIComponent(token)}`)
    const link: RealtimeLink = new RealtimeLink({
      webSocket,
      log: this.#options.log,
      readyTimeoutMs: this.#options.readyTimeoutMs,
      newToken: async () => (await session.refresh()).access_token,
      resynchronise: this.#options.synchronise,
      onNotice: this.#options.onNotice,
      onReady: () => {
        this.#failures = 0
        this.#tell('live')
      },
      onEnd: end => {
        if (this.#link === link) this.#ended(end)
      },
    })
    this.#link = link
  }

  #ended({ code, retryAfterMs }: LinkEnd): void {
    this.#link = undefined
    if (!this.#wanted) return
    if (code >= firstCodeToStayAway && code < 5_000) this.#stop(code)
    else if (code === closeCode.tokenExpired) {
      this.#options.session.refresh().then(
        () => this.#comeBack(retryAfterMs),
        () => this.#comeBack(retryAfterMs),
      )
    } else this.#comeBack(retryAfterMs)
  }

  #comeBack(afterMs: number): void {
    if (!this.#wanted) return
    this.#tell('offline')
    const ms = afterMs + backoffMs(this.#options.backoff, this.#failures)
    this.#failures += 1
    this.#timer = setTimeout(() => this.#open(), ms)
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
