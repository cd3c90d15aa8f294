// One WebSocket from its opening to its end: it speaks the protocol and takes pages to the log; whether and when there is
// another one is for `RealtimeClient` to say.
import type { ChangesPage, Head, NoticePosted, SessionClosing, SessionReady } from '@cairn/contracts'
import type { LocalLog } from './local-log.ts'
import { frameType, parseFrame, type Frame } from './realtime-frames.ts'

export interface LinkOptions {
  readonly webSocket: WebSocket
  readonly log: LocalLog
  /** After so long without a frame, or up to a quarter less, a node that answers `ping` is asked for one. */
  readonly idleCheckMs: number
  /** How long the first frame, and the one that was asked for, may take. */
  readonly answerTimeoutMs: number
  readonly onReady: () => void
  /** A token newer than the one that is about to end. */
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

/** What WebSockets say of a connection that ended without a word. */
const lostConnection = 1006

export class RealtimeLink {
  readonly #options: LinkOptions
  #timer: ReturnType<typeof setTimeout> | undefined
  #announced: SessionClosing | undefined
  /** A node that does not know `ping` would close for good. */
  #answersPing = false
  /** The position that the next page of the answer to a `resume` continues; undefined when all of it is here. */
  #awaited: Head | undefined
  /** What a WebSocket still brings while it closes, which may take as long as it likes, is for nobody. */
  #over = false

  constructor(options: LinkOptions) {
    this.#options = options
    const { webSocket } = options
    webSocket.addEventListener('message', ({ data }) => {
      if (!this.#over) this.#receive(parseFrame(data))
    })
    webSocket.addEventListener('close', ({ code }) => this.#end(code))
    this.#expectFrame()
  }

  close(): void {
    this.#over = true
    clearTimeout(this.#timer)
    this.#options.webSocket.close(1_000)
  }

  #end(code: number): void {
    if (this.#over) return
    this.close()
    this.#options.onEnd({ code: this.#announced?.code ?? code, retryAfterMs: this.#announced?.retry_after_ms ?? 0 })
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
    this.#timer = setTimeout(() => {
      if (this.#answersPing && this.#send(frameType.ping, {})) this.#expectFrame()
    }, ms)
  }

  #receive(frame: Frame | undefined): void {
    this.#checkWhenIdle()
    if (frame === undefined) return
    switch (frame.type) {
      case frameType.sessionReady:
        this.#ready(frame.data as SessionReady)
        break
      case frameType.progressChanged:
        this.#apply(frame.data as ChangesPage)
        break
      case frameType.resumeReset:
        this.#inBackground(this.#resynchronise())
        break
      case frameType.tokenExpiring:
        this.#inBackground(this.#refreshToken())
        break
      case frameType.sessionClosing:
        this.#announced = frame.data as SessionClosing
        break
      case frameType.noticePosted:
        this.#options.onNotice?.(frame.data as NoticePosted)
        break
      default:
      // A server newer than this client may say more; what is not known is not needed.
    }
  }

  #ready({ answers_ping, ...head }: SessionReady): void {
    this.#answersPing = answers_ping === true
    this.#options.onReady()
    const known = this.#options.log.head
    if (known?.epoch !== head.epoch || known.seq !== head.seq) this.#resume(known ?? { epoch: head.epoch, seq: 0 })
  }

  #apply(page: ChangesPage): void {
    const { log } = this.#options
    const applied = log.apply(page)
    const awaited = this.#awaited
    if (awaited !== undefined && awaited.epoch === page.epoch && page.from_seq === awaited.seq + 1) {
      this.#awaited = page.has_more ? { epoch: page.epoch, seq: page.to_seq } : undefined
    }
    // What is missing is asked for once: pages that were pushed before the server had read a `resume` tell nothing new.
    const missing = applied === 'gap' || applied === 'other_epoch'
    if (missing && this.#awaited === undefined && log.head !== undefined) this.#resume(log.head)
  }

  #resume(position: Head): void {
    this.#awaited = position
    this.#send(frameType.resume, position)
  }

  async #resynchronise(): Promise<void> {
    await this.#options.resynchronise()
    const known = this.#options.log.head
    if (known !== undefined) this.#resume(known)
  }

  async #refreshToken(): Promise<void> {
    this.#send(frameType.tokenRefresh, { token: await this.#options.newToken() })
  }

  /** False when it is closing already. */
  #send(type: string, data: unknown): boolean {
    const { webSocket } = this.#options
    if (webSocket.readyState !== webSocket.OPEN) return false
    webSocket.send(JSON.stringify({ type, data }))
    return true
  }

  /** What cannot be had over HTTP now is tried again with the next connection. */
  #inBackground(work: Promise<void>): void {
    work.catch(() => this.#end(lostConnection))
  }
}
