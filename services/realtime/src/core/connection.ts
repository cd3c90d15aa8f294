// One client, whichever door it came through: its token's life, its place in the log, its close. Opened by the handshake
// before there is anywhere to send to, so that the end of its session reaches it from then on.
import { closeCode, frameType, type Caller, type CloseCode, type Head, type SessionClosing } from '@cairn/contracts'
import type { Logger } from '@cairn/runtime'
import type { AccessClaims } from '@cairn/tokens'
import type { RealtimeConfig } from '../config.ts'
import type { FollowedLog, FollowerLimits, FollowerOutlet } from './followed-log.ts'
import { frameOf, type Frame } from './frame.ts'
import { LogFollower } from './log-follower.ts'
import { MinuteCount } from './minute-count.ts'
import type { Outlet } from './outlet.ts'
import type { LivePage } from './recent-pages.ts'
import { notScheduled, type Timed, type TimerWheel } from './timer-wheel.ts'

/** What all connections of a node share. */
export interface ConnectionContext {
  readonly config: RealtimeConfig
  readonly limits: FollowerLimits
  readonly logger: Logger
  readonly wheel: TimerWheel
  /** Called once for each connection, when it is over. */
  readonly onGone: (connection: Connection) => void
}

/** How soon what waits for room, or to be tried again, is looked at. */
const wakeAfterMs = 100

const secondsUntil = (expiresAt: number): number => Math.max(0, Math.floor(expiresAt - Date.now() / 1_000))

export class Connection implements Timed, FollowerOutlet {
  slot: number = notScheduled
  readonly #context: ConnectionContext
  readonly #follower: LogFollower
  #claims: AccessClaims
  #outlet: Outlet | undefined
  #closing: { readonly code: CloseCode; readonly since: number } | undefined
  #gone = false
  #warned = false
  #slowSince: number | undefined
  readonly #frames = new MinuteCount()

  constructor(claims: AccessClaims, log: FollowedLog, context: ConnectionContext) {
    this.#claims = claims
    this.#context = context
    this.#follower = new LogFollower(log, this, context.limits)
  }

  get userId(): string {
    return this.#claims.userId
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

  get hasRoom(): boolean {
    return (this.#outlet?.pendingBytes ?? 0) <= this.#context.config.outboundPauseBytes
  }

  /** The door is open: the first frame goes out, then what has come in since `head` was read. */
  attach(outlet: Outlet, head: Head): void {
    this.#outlet = outlet
    if (this.#closing !== undefined) {
      this.#sendClosing(outlet, this.#closing.code)
      return
    }
    const expires_in = secondsUntil(this.#claims.expiresAt)
    outlet.send(frameOf(frameType.sessionReady, { ...head, expires_in, answers_ping: true }))
    this.#follower.begin(head)
    const next = this.tick(performance.now())
    if (next !== undefined) this.#context.wheel.schedule(this, next)
  }

  send(frame: Frame): void {
    this.#outlet?.send(frame)
    if (!this.hasRoom) this.wake()
  }

  /** Whether it was sent: not to a client that is going, or does not read. */
  notify(frame: Frame): boolean {
    if (!this.open || !this.hasRoom) return false
    this.send(frame)
    return true
  }

  wake(): void {
    if (!this.#gone) this.#context.wheel.schedule(this, performance.now() + wakeAfterMs)
  }

  receivePage(page: LivePage): void {
    this.#follower.receive(page)
  }

  resume(position: Head): void {
    if (this.open) this.#follower.resume(position)
  }

  /** Pages may have been lost on the bus. */
  doubtLog(): void {
    this.#follower.doubt()
  }

  /** The log is known to go to `head`. */
  checkAgainst(head: Head): void {
    this.#follower.checkAgainst(head)
  }

  /** Counts a frame of the client; one that sends too many is closed, and told when to come back. */
  takesFrame(): boolean {
    const retryAfterMs = this.#frames.add(this.#context.config.framesPerMinute)
    if (retryAfterMs === undefined) return true
    this.close(closeCode.tooMany, retryAfterMs)
    return false
  }

  /** A newer token of the same user; an older one changes nothing. */
  extend(claims: AccessClaims): void {
    if (claims.expiresAt <= this.#claims.expiresAt) return
    this.#claims = claims
    this.#warned = false
    this.wake()
  }

  /** Tells the client why, then ends the connection; a client that does not answer is cut off. */
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
    this.#context.wheel.cancel(this)
    this.#context.onGone(this)
  }

  tick(now: number): number | undefined {
    const outlet = this.#outlet
    if (outlet === undefined || this.#gone) return undefined
    if (this.#closing !== undefined) {
      const cutAt = this.#closing.since + this.#context.config.closeTimeoutMs
      if (now > cutAt) outlet.terminate()
      return this.#isGone() ? undefined : Math.max(cutAt, now)
    }
    this.#follower.continue(now)
    const next = Math.min(outlet.keepAlive(now), this.#watchToken(outlet, now), this.#watchOutbound(outlet, now))
    if (this.#isGone()) return undefined
    return this.closing || this.#follower.isBehind ? Math.min(next, now + wakeAfterMs) : next
  }

  #watchToken(outlet: Outlet, now: number): number {
    const { tokenGraceSeconds } = this.#context.config
    const { issuedAt, expiresAt } = this.#claims
    // Told at once, a client whose tokens live for less than that would ask for one after the other.
    const warningSeconds = Math.min(this.#context.config.tokenWarningSeconds, (expiresAt - issuedAt) / 2)
    const left = expiresAt - Date.now() / 1_000
    if (left <= -tokenGraceSeconds) {
      this.close(closeCode.tokenExpired)
      return now
    }
    if (left < warningSeconds && !this.#warned) {
      this.#warned = true
      outlet.send(frameOf(frameType.tokenExpiring, { expires_in: secondsUntil(expiresAt) }))
    }
    return now + (this.#warned ? left + tokenGraceSeconds : left - warningSeconds) * 1_000
  }

  #watchOutbound(outlet: Outlet, now: number): number {
    const { outboundPauseBytes, slowClientTimeoutMs } = this.#context.config
    if (outlet.pendingBytes <= outboundPauseBytes) {
      this.#slowSince = undefined
      return Number.POSITIVE_INFINITY
    }
    this.#slowSince ??= now
    if (now - this.#slowSince > slowClientTimeoutMs) this.close(closeCode.tooSlow)
    return now + wakeAfterMs
  }

  #sendClosing(outlet: Outlet, code: CloseCode, retryAfterMs?: number): void {
    const { incidentId } = this.#follower
    const closing: SessionClosing = {
      code,
      ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
      // It goes without having got what it is owed.
      ...(incidentId === undefined ? {} : { incident_id: incidentId }),
    }
    outlet.send(frameOf(frameType.sessionClosing, closing))
    outlet.close(code)
    this.#context.logger.debug({ code }, 'closing a connection')
    if (!this.#gone) this.#context.wheel.schedule(this, performance.now() + this.#context.config.closeTimeoutMs)
  }

  /** A method, since the compiler does not see that a door may have ended meanwhile. */
  #isGone(): boolean {
    return this.#gone
  }
}
