// One WebSocket from its opening to its end: it speaks the protocol and takes pages to the log; whether and when there is
// another one is for `RealtimeClient` to say.
import type { ChangesPage, Head, NoticePosted, SessionReady } from '@cairn/contracts'
import { isChangesPage, isHead, isObject } from './answer-shapes.ts'
import type { Backoff } from './backoff.ts'
import { boundedRetryAfterMs, isTokenRefused, retryAfterMsOf } from './cairn-problem.ts'
import { callBack } from './call-back.ts'
import type { LocalLog } from './local-log.ts'
import { PacedTask } from './paced-task.ts'
import { frameType, parseFrame, type Frame } from './realtime-frames.ts'

export interface LinkOptions {
  readonly webSocket: WebSocket
  readonly log: LocalLog
  /** After so long without a frame, or up to a quarter less, a node that answers `ping` is asked for one; Infinity: never. */
  readonly idleCheckMs: number
  /** How long the first frame, and the one that was asked for, may take. */
  readonly answerTimeoutMs: number
  readonly backoff: Backoff
  readonly onReady: () => void
  /** Nothing of the log is missing here. */
  readonly onCaughtUp: () => void
  /** A token newer than the one that is about to end; asked for again until it is there, or the connection over. */
  readonly newToken: () => Promise<string>
  /** Reads the log anew over HTTP, after the server said it cannot continue from where the log is. */
  readonly resynchronise: () => Promise<void>
  readonly onNotice: ((notice: NoticePosted) => void) | undefined
  /** Called once, unless `close` was. */
  readonly onEnd: (end: LinkEnd) => void
}

export interface LinkEnd {
  /** As the server announced it, else that of the WebSocket itself. */
  readonly code: number
  readonly retryAfterMs: number
}

/** A timer set for longer goes off at once. */
const longestTimerMs = 2 ** 31 - 1

/** What WebSockets say of a connection that ended without a word. */
const lostConnection = 1006

const announcedEnd = (data: unknown): LinkEnd | undefined =>
  isObject(data) && typeof data.code === 'number'
    ? { code: data.code, retryAfterMs: boundedRetryAfterMs(data.retry_after_ms) }
    : undefined

export class RealtimeLink {
  readonly #options: LinkOptions
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #renewal: PacedTask
  readonly #resynchronisation: PacedTask
  #announced: LinkEnd | undefined
  /** A node that does not know `ping` would close for good. */
  #answersPing = false
  /** The position that the next page of the answer to a `resume` continues; undefined when all of it is here. */
  #awaited: Head | undefined
  /** What a WebSocket still brings while it closes, which may take as long as it likes, is for nobody. */
  #over = false

  constructor(options: LinkOptions) {
    this.#options = options
    const { webSocket, backoff } = options
    this.#renewal = new PacedTask(backoff, () => this.#renewToken())
    this.#resynchronisation = new PacedTask(backoff, () => this.#resynchronise())
    // `close` follows; but `ws` ends the process when nobody listens to this.
    webSocket.addEventListener('error', () => undefined)
    webSocket.addEventListener('message', ({ data }) => {
      if (!this.#over) this.#receive(parseFrame(data))
    })
    webSocket.addEventListener('close', ({ code }) => this.#end(code))
    this.#expectFrame()
  }

  close(): void {
    this.#over = true
    clearTimeout(this.#timer)
    this.#renewal.stop()
    this.#resynchronisation.stop()
    this.#options.webSocket.close(1_000)
  }

  #end(code: number, retryAfterMs = 0): void {
    if (this.#over) return
    this.close()
    this.#options.onEnd(this.#announced ?? { code, retryAfterMs })
  }

  #expectFrame(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#end(lostConnection), this.#options.answerTimeoutMs)
  }

  /**
   * A connection whose network is gone looks like one where nothing happens, and pings of the server are not shown to an app.
   * Checks of clients that heard something together, a notice, are spread.
   */
  #checkWhenIdle(): void {
    clearTimeout(this.#timer)
    const ms = this.#options.idleCheckMs * (1 - Math.random() / 4)
    if (ms > longestTimerMs) return
    this.#timer = setTimeout(() => {
      if (this.#answersPing && this.#send(frameType.ping, {})) this.#expectFrame()
    }, ms)
  }

  #receive(frame: Frame | undefined): void {
    this.#checkWhenIdle()
    if (frame === undefined) return
    switch (frame.type) {
      case frameType.sessionReady:
        if (isHead(frame.data)) this.#ready(frame.data as SessionReady)
        else this.#end(lostConnection)
        break
      case frameType.progressChanged:
        if (isChangesPage(frame.data)) this.#apply(frame.data)
        else this.#end(lostConnection)
        break
      case frameType.resumeReset:
        this.#resynchronisation.ask()
        break
      case frameType.tokenExpiring:
        this.#renewal.ask()
        break
      case frameType.sessionClosing:
        this.#announced = announcedEnd(frame.data)
        break
      case frameType.noticePosted:
        callBack(this.#options.onNotice, frame.data as NoticePosted)
        break
      default:
      // A server newer than this client may say more; what is not known is not needed.
    }
  }

  #ready({ answers_ping, ...head }: SessionReady): void {
    this.#answersPing = answers_ping === true
    this.#options.onReady()
    const known = this.#options.log.head
    if (known?.epoch === head.epoch && known.seq === head.seq) this.#options.onCaughtUp()
    else this.#resume(known ?? { epoch: head.epoch, seq: 0 })
  }

  #apply(page: ChangesPage): void {
    const { log } = this.#options
    const applied = log.apply(page)
    const awaited = this.#awaited
    if (awaited !== undefined && awaited.epoch === page.epoch && page.from_seq === awaited.seq + 1) {
      this.#awaited = page.has_more ? { epoch: page.epoch, seq: page.to_seq } : undefined
      if (!page.has_more) this.#options.onCaughtUp()
    }
    // What is missing is asked for once: pages that were pushed before the server had read a `resume` tell nothing new.
    const missing = applied === 'gap' || applied === 'other_epoch'
    if (missing && this.#awaited === undefined && log.head !== undefined) this.#resume(log.head)
  }

  #resume(position: Head): void {
    this.#awaited = position
    this.#send(frameType.resume, position)
  }

  /** A log that cannot be had over HTTP now is asked for again with the next connection, not before the server wants it to be. */
  async #resynchronise(): Promise<void> {
    try {
      await this.#options.resynchronise()
      const known = this.#options.log.head
      if (known !== undefined) this.#resume(known)
    } catch (error) {
      this.#end(lostConnection, retryAfterMsOf(error))
    }
  }

  /** The connection is good until the server ends it, so what fails is tried again beside it. */
  async #renewToken(): Promise<void> {
    try {
      this.#send(frameType.tokenRefresh, { token: await this.#options.newToken() })
    } catch (error) {
      if (!isTokenRefused(error)) throw error
      this.#end(lostConnection)
    }
  }

  /** False when it is closing already. */
  #send(type: string, data: unknown): boolean {
    const { webSocket } = this.#options
    if (webSocket.readyState !== webSocket.OPEN) return false
    webSocket.send(JSON.stringify({ type, data }))
    return true
  }
}
