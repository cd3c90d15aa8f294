// Sending to one plain WebSocket, and keeping it alive: a client that does not answer a ping in time is cut off.
import { closeCode, type CloseCode } from '@cairn/contracts'
import type { WebSocket } from 'ws'
import type { RealtimeConfig } from '../config.ts'
import type { Frame } from '../core/frame.ts'
import type { Outlet } from '../core/outlet.ts'

/** The code's name as design and docs spell it, `too_slow`. */
const reasonOf = (code: CloseCode): string => {
  const [name = ''] = Object.entries(closeCode).find(([, known]) => known === code) ?? []
  return name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

export class PlainOutlet implements Outlet {
  readonly #webSocket: WebSocket
  readonly #config: RealtimeConfig
  readonly #encode: (frame: Frame) => string
  #pingedAt = performance.now()
  #heardAt = this.#pingedAt

  constructor(webSocket: WebSocket, config: RealtimeConfig, encode: (frame: Frame) => string) {
    this.#webSocket = webSocket
    this.#config = config
    this.#encode = encode
  }

  /** The client has given a sign of life. */
  heard(): void {
    this.#heardAt = performance.now()
  }

  send(frame: Frame): void {
    this.#webSocket.send(this.#encode(frame))
  }

  get pendingBytes(): number {
    return this.#webSocket.bufferedAmount
  }

  close(code: CloseCode): void {
    this.#webSocket.close(code, reasonOf(code))
  }

  terminate(): void {
    this.#webSocket.terminate()
  }

  keepAlive(now: number): number {
    const { pingIntervalMs, pongTimeoutMs } = this.#config
    const unanswered = this.#heardAt < this.#pingedAt
    if (unanswered && now - this.#pingedAt > pongTimeoutMs) this.#webSocket.terminate()
    else if (!unanswered && now - this.#pingedAt > pingIntervalMs) {
      this.#pingedAt = now
      this.#webSocket.ping()
    }
    return this.#pingedAt + (this.#heardAt < this.#pingedAt ? pongTimeoutMs : pingIntervalMs) + 1
  }
}
