// One client, whichever door it came through: its token's life, its place in the log, its close. Opened by the handshake
// before there is anywhere to send to, so that pages, and the end of its session, reach it from then on.
import { closeCode, frameType, type Caller, type ChangesPage, type CloseCode, type Head } from '@cairn/contracts'
import type { Logger } from '@cairn/runtime'
import type { AccessClaims } from '@cairn/tokens'
import type { RealtimeConfig } from '../config.ts'
import { frameOf } from './frame.ts'
import { LogFollower, type LivePage } from './log-follower.ts'
import type { LogReader } from './log-reader.ts'
import type { Outlet } from './outlet.ts'

export interface ConnectionOptions {
  readonly config: RealtimeConfig
  readonly logger: Logger
  readonly logReader: LogReader
  /** Called once, when the connection is over. */
  readonly onGone: (connection: Connection) => void
}

const secondsUntil = (expiresAt: number): number => Math.max(0, Math.floor(expiresAt - Date.now() / 1_000))

export class Connection {
  readonly userId: string
  readonly #options: ConnectionOptions
  readonly #follower: LogFollower
  #claims: AccessClaims
  #outlet: Outlet | undefined
  #closing: { readonly code: CloseCode; readonly since: number } | undefined
  #gone = false
  #warned = false
  #slowSince: number | undefined

  constructor(claims: AccessClaims, options: ConnectionOptions) {
    this.userId = claims.userId
    this.#claims = claims
    this.#options = options
    this.#follower = this.#createFollower()
  }

  /** Of the newest token the client has shown. */
  get claims(): AccessClaims {
    return this.#claims
  }

  get caller(): Caller {
    return { userId: this.userId, sessionId: this.#claims.sessionId }
  }

  /** Attached to its client and not closing. */
  get open(): boolean {
    return this.#outlet !== undefined && this.#closing === undefined
  }

  /** A close was asked for, perhaps before there was a client attached. */
  get closing(): boolean {
    return this.#closing !== undefined
  }

  /** The door is open: the first frame goes out, then what has come in since `head` was read. */
  attach(outlet: Outlet, head: Head): void {
    this.#outlet = outlet
    if (this.#closing !== undefined) {
      this.#sendClosing(outlet, this.#closing.code)
      return
    }
    const expires_in = secondsUntil(this.#claims.expiresAt)
    outlet.send(frameOf(frameType.sessionReady, { ...head, expires_in }))
    this.#follower.begin(head)
  }

  receivePage(page: LivePage): void {
    this.#follower.receive(page)
  }

  resume(position: Head): void {
    if (this.open) this.#follower.resume(position)
  }

  /** Pages may have been lost on the bus. */
  checkLog(): void {
    this.#follower.fallBehind()
  }

  /** A newer token of the same user; an older one changes nothing. */
  extend(claims: AccessClaims): void {
    if (claims.expiresAt <= this.#claims.expiresAt) return
    this.#claims = claims
    this.#warned = false
  }

  /** Tells the client why, then ends the connection; a client that does not answer is cut off by the sweep. */
  close(code: CloseCode, retryAfterMs?: number): void {
    if (this.#closing !== undefined || this.#gone) return
    this.#closing = { code, since: performance.now() }
    this.#follower.stop()
    if (this.#outlet !== undefined) this.#sendClosing(this.#outlet, code, retryAfterMs)
  }

  /** The transport has ended, or never came about. */
  gone(): void {
    if (this.#gone) return
    this.#gone = true
    this.#follower.stop()
    this.#options.onGone(this)
  }

  /** Called by the node's sweep; `now` in milliseconds of `performance.now()`. */
  tick(now: number): void {
    const outlet = this.#outlet
    if (outlet === undefined) return
    if (this.#closing !== undefined) {
      if (now - this.#closing.since > this.#options.config.closeTimeoutMs) outlet.terminate()
      return
    }
    outlet.keepAlive(now)
    this.#watchToken(outlet)
    this.#watchOutbound(outlet, now)
    this.#follower.continue(now)
  }

  #watchToken(outlet: Outlet): void {
    const { tokenWarningSeconds, tokenGraceSeconds } = this.#options.config
    const left = this.#claims.expiresAt - Date.now() / 1_000
    if (left < -tokenGraceSeconds) this.close(closeCode.tokenExpired)
    else if (left < tokenWarningSeconds && !this.#warned) {
      this.#warned = true
      outlet.send(frameOf(frameType.tokenExpiring, { expires_in: secondsUntil(this.#claims.expiresAt) }))
    }
  }

  #watchOutbound(outlet: Outlet, now: number): void {
    const { outboundPauseBytes, slowClientTimeoutMs } = this.#options.config
    if (outlet.pendingBytes <= outboundPauseBytes) this.#slowSince = undefined
    else {
      this.#slowSince ??= now
      if (now - this.#slowSince > slowClientTimeoutMs) this.close(closeCode.tooSlow)
    }
  }

  #sendClosing(outlet: Outlet, code: CloseCode, retryAfterMs?: number): void {
    const waiting = retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }
    outlet.send(frameOf(frameType.sessionClosing, { code, ...waiting }))
    outlet.close(code)
    this.#options.logger.debug({ code }, 'closing a connection')
  }

  #createFollower(): LogFollower {
    const { config, logger, logReader } = this.#options
    return new LogFollower({
      readHead: () => logReader.readHead(this.caller),
      readChanges: position => logReader.readChanges(this.caller, position),
      sendLive: frame => this.#outlet?.send(frame),
      sendPage: (page: ChangesPage) => this.#outlet?.send(frameOf(frameType.progressChanged, page)),
      sendReset: head => this.#outlet?.send(frameOf(frameType.resumeReset, { head })),
      hasRoom: () => (this.#outlet?.pendingBytes ?? 0) <= config.outboundPauseBytes,
      onReadFailed: error => logger.warn({ error }, 'could not read the log; trying again'),
      maxKeptPages: config.maxKeptPages,
      maxEventsBehind: config.maxEventsBehind,
      retryDelayMs: config.repairRetryMs,
    })
  }
}
