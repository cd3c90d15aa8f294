// One WebSocket from its opening to its end: it speaks the protocol and takes pages to the log; whether and when there is
// another one is for `RealtimeClient` to say.
import type { ChangesPage, Head, NoticePosted, SessionClosing, SessionReady } from '@cairn/contracts'
import type { LocalLog } from './local-log.ts'
import { frameType, parseFrame, type Frame } from './realtime-frames.ts'

export interface LinkOptions {
  readonly webSocket: WebSocket
  readonly log: LocalLog
  /** How long the first frame may take. */
  readonly readyTimeoutMs: number
  readonly onReady: () => void
  /** A token newer than the one that is about to end. */
  readonly newToken: () => Promise<string>
  /** Reads the log anew over HTTP, after the server said it cannot continue from where the log is. */
  readonly resynchronise: () => Promise<void>
  readonly onNotice: ((notice: NoticePosted) => void) | undefined
  readonly onEnd: (end: LinkEnd) => void
}

export interface LinkEnd {
  /** As the server announced it, else that of the WebSocket itself. */
  readonly code: number
  readonly retryAfterMs: number
}

export class RealtimeLink {
  readonly #options: LinkOptions
  readonly #readyTimer: ReturnType<typeof setTimeout>
  #announced: SessionClosing | undefined
  /** A resume was sent and its last page is not here yet. */
  #resuming = false

  constructor(options: LinkOptions) {
    this.#options = options
    const { webSocket, readyTimeoutMs } = options
    this.#readyTimer = setTimeout(() => webSocket.close(), readyTimeoutMs)
    webSocket.addEventListener('message', ({ data }) => this.#receive(parseFrame(data)))
    webSocket.addEventListener('close', ({ code }) => {
      clearTimeout(this.#readyTimer)
      options.onEnd({ code: this.#announced?.code ?? code, retryAfterMs: this.#announced?.retry_after_ms ?? 0 })
    })
  }

  close(): void {
    this.#options.webSocket.close(1_000)
  }

  #receive(frame: Frame | undefined): void {
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

  #ready(head: Head): void {
    clearTimeout(this.#readyTimer)
    this.#options.onReady()
    const known = this.#options.log.head
    if (known?.epoch !== head.epoch || known.seq !== head.seq) this.#resume(known ?? { epoch: head.epoch, seq: 0 })
  }

  #apply(page: ChangesPage): void {
    const applied = this.#options.log.apply(page)
    if (this.#resuming) this.#resuming = page.has_more
    const known = this.#options.log.head
    if ((applied === 'gap' || applied === 'other_epoch') && !this.#resuming && known !== undefined) this.#resume(known)
  }

  #resume(position: Head): void {
    this.#resuming = true
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

  #send(type: string, data: unknown): void {
    const { webSocket } = this.#options
    if (webSocket.readyState === webSocket.OPEN) webSocket.send(JSON.stringify({ type, data }))
  }

  /** What cannot be had over HTTP now is tried again with the next connection. */
  #inBackground(work: Promise<void>): void {
    work.catch(() => this.#options.webSocket.close())
  }
}
