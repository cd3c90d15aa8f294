// One connection of engine.io, which several namespaces may share. What engine.io and socket.io do not bound by themselves is
// bounded here: packets of any kind, what waits to go out, the time without a namespace.
import { closeCode } from '@cairn/contracts'
import type { Socket } from 'socket.io'
import type { WebSocket } from 'ws'
import type { RealtimeConfig } from '../config.ts'
import type { Connection } from '../core/connection.ts'
import { MinuteCount } from '../core/minute-count.ts'
import type { Place } from './places.ts'

export type EngineSocket = Socket['conn']

/** What is known of engine.io's transport: WebSocket has the socket of `ws`, polling has none. */
export interface Transport {
  readonly name: string
  readonly socket?: WebSocket
}

/** A packet of socket.io begins with its kind. These answer a client that wants to connect: CONNECT and CONNECT_ERROR. */
const answerPacket = /^[04]/

export class EngineConnection {
  readonly #conn: EngineSocket
  readonly #config: RealtimeConfig
  /** Of the namespaces that are entered or being entered; the latter have no connection yet. */
  readonly #namespaces = new Map<string, Connection | undefined>()
  readonly #packets = new MinuteCount()
  /** In engine.io's own queue, before that of the WebSocket. */
  #queuedBytes = 0
  /** A WebSocket that is about to take the place of polling. */
  #next: Transport | undefined
  /** That WebSocket's, from the time it is asked for. */
  #nextPlace: Place | undefined
  #emptyTimer: NodeJS.Timeout | undefined
  /** While its namespaces are told why, each of which would end it. */
  #telling = false

  constructor(conn: EngineSocket, config: RealtimeConfig) {
    this.#conn = conn
    this.#config = config
  }

  /** Not the transport itself, which may be another at any time. */
  get transportName(): string {
    return this.#transport.name
  }

  get pendingBytes(): number {
    return this.#queuedBytes + (this.#transport.socket?.bufferedAmount ?? 0)
  }

  /** Whether more than one namespace is entered, or being entered. */
  get isShared(): boolean {
    return this.#namespaces.size > 1
  }

  /** Whether a WebSocket that was asked for is still there and has not taken the place of polling. */
  get isUpgrading(): boolean {
    return this.#nextPlace?.taken ?? false
  }

  /** Whether nobody has been let in to any namespace of it. */
  get isEmpty(): boolean {
    return [...this.#namespaces.values()].every(connection => connection === undefined)
  }

  /** A packet of the client has come, of whatever kind. */
  received(): void {
    const retryAfterMs = this.#packets.add(this.#config.packetsPerMinute)
    if (retryAfterMs === undefined || this.#conn.readyState !== 'open') return
    if (this.isEmpty) {
      this.cut()
      return
    }
    this.#tell(connection => connection.close(closeCode.tooMany, retryAfterMs))
    this.end()
  }

  /** A WebSocket is asked for; `place` is given back when it closes. */
  expectUpgrade(place: Place): void {
    this.#nextPlace = place
  }

  /** That WebSocket has been probed. */
  upgrading(next: Transport): void {
    this.#next = next
    this.received()
  }

  /** It has taken the place of polling. */
  upgraded(): void {
    this.#next = undefined
    this.#nextPlace?.giveBack()
    this.#nextPlace = undefined
  }

  /** A packet waits in engine.io's queue. A client that does not read its frames is given time; whoever asks for more without reading is not. */
  queued(type: string, data: string): void {
    this.#queuedBytes += data.length
    const answer = type === 'message' && answerPacket.test(data)
    if (answer && this.pendingBytes > this.#config.outboundPauseBytes) this.cut()
  }

  /** The WebSocket, or the poll, has taken all that was queued. */
  flushed(): void {
    this.#queuedBytes = 0
  }

  closed(): void {
    clearTimeout(this.#emptyTimer)
    for (const connection of this.#namespaces.values()) connection?.gone()
  }

  /** False when that namespace is entered, or being entered: socket.io would have two sockets of it, and each would get every frame. */
  enter(namespace: string): boolean {
    if (this.#namespaces.has(namespace)) return false
    this.#namespaces.set(namespace, undefined)
    return true
  }

  /** From now on `connection` ends with this one, which may have ended meanwhile. */
  entered(namespace: string, connection: Connection): void {
    this.#namespaces.set(namespace, connection)
    if (this.#conn.readyState !== 'open') connection.gone()
  }

  /** With the last one begins the time after which a connection without a namespace is closed; before the first, socket.io counts it. */
  leave(namespace: string): void {
    const connection = this.#namespaces.get(namespace)
    this.#namespaces.delete(namespace)
    if (connection === undefined || !this.isEmpty || this.#conn.readyState !== 'open') return
    clearTimeout(this.#emptyTimer)
    this.#emptyTimer = setTimeout(() => {
      if (this.isEmpty) this.end()
    }, this.#config.namespaceTimeoutMs)
  }

  write(text: string): void {
    this.#conn.write(text)
  }

  /**
   * Ends it in an orderly way, after what was sent; a client that does not take it in time is cut off. Whoever it is ended for has been told
   * why: the others on it are told to come back, each at a time of its own.
   */
  end(): void {
    if (this.#telling) return
    this.#tell(connection => connection.close(closeCode.drain, Math.floor(Math.random() * this.#config.drainRetryMs)))
    this.#conn.close()
    // Also when it is closed already: the WebSocket still waits for the other side's close.
    setTimeout(() => this.cut(), this.#config.closeTimeoutMs).unref()
  }

  /** At once; what was not sent yet is lost. */
  cut(): void {
    this.#transport.socket?.terminate()
    this.#next?.socket?.terminate()
    this.#conn.close(true)
  }

  #tell(close: (connection: Connection) => void): void {
    this.#telling = true
    for (const connection of this.#namespaces.values()) if (connection !== undefined) close(connection)
    this.#telling = false
  }

  // Read anew each time: a connection may begin with polling and go on over WebSocket.
  get #transport(): Transport {
    return this.#conn.transport
  }
}
