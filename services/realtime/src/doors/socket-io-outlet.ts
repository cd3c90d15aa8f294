// Sending to one namespace's socket. What surprises: only a closed transport makes a socket.io client come back by itself;
// told to disconnect it stays away, and must not take along the other namespaces of its connection. Those that go with a closed
// transport are told to come back.
import type { CloseCode } from '@cairn/contracts'
import type { Socket } from 'socket.io'
import type { Frame } from '../core/frame.ts'
import type { Outlet } from '../core/outlet.ts'
import type { EngineConnection } from './engine-connection.ts'

/** Close codes from here on mean: stay away. */
const firstCodeToStayAway = 4500

type Encode = (namespace: string, frame: Frame) => string

export class SocketIoOutlet implements Outlet {
  readonly #socket: Socket
  readonly #connection: EngineConnection
  readonly #encode: Encode

  constructor(socket: Socket, connection: EngineConnection, encode: Encode) {
    this.#socket = socket
    this.#connection = connection
    this.#encode = encode
  }

  send(frame: Frame): void {
    this.#connection.write(this.#encode(this.#socket.nsp.name, frame))
  }

  get pendingBytes(): number {
    return this.#connection.pendingBytes
  }

  close(code: CloseCode): void {
    const alone = !this.#connection.isShared
    if (code >= firstCodeToStayAway) this.#socket.disconnect(alone)
    if (code < firstCodeToStayAway || alone) this.#connection.end()
  }

  terminate(): void {
    this.#connection.cut()
  }

  /** Never: engine.io pings by itself. */
  keepAlive(): number {
    return Number.POSITIVE_INFINITY
  }
}
