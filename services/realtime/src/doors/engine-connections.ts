// All connections of engine.io on this node, and places for those that are about to be made: between the question whether there
// is room and the connection lies a wait, in which many others may ask. A WebSocket that is to take the place of polling has a
// place of its own until it does.
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Server } from 'socket.io'
import { WebSocket } from 'ws'
import { ownText } from '../core/own-text.ts'
import type { RealtimeConfig } from '../config.ts'
import { EngineConnection, type EngineSocket, type Transport } from './engine-connection.ts'
import { createPlaces, type Place } from './places.ts'

export interface EngineConnections {
  /** With those that are about to be made. */
  readonly size: number
  /** Undefined when there is no such connection (any more). */
  withId(id: string): EngineConnection | undefined
  of(conn: EngineSocket): EngineConnection
  /** Takes a place for the connection that `request` asks for, until it is made, or `channel` closes without one. */
  expect(request: IncomingMessage, channel: EventEmitter): void
  /** Takes a place for the WebSocket that `channel` is to be, until `connection` goes on over it, or it closes. */
  expectUpgrade(connection: EngineConnection, channel: EventEmitter): void
}

/** With its query as engine.io has read it. */
type EngineRequest = EngineSocket['request'] & { readonly _query: Record<string, unknown> }

/** What the namespaces of a connection are judged by: the rest of its first request would weigh more than the connection. */
const remembered = ({ headers, socket, _query: { token } }: EngineRequest) => {
  const { origin, host, traceparent, 'x-forwarded-for': forwarded } = headers
  return {
    headers: { origin, host, traceparent, 'x-forwarded-for': forwarded },
    socket,
    connection: socket,
    _query: { token: typeof token === 'string' ? ownText(token) : token },
  }
}

/** Private in its types alone: it is what clients are told. */
const idOf = (conn: EngineSocket): string => (conn as unknown as { readonly id: string }).id

export const followConnections = (io: Server, config: RealtimeConfig): EngineConnections => {
  const open = new Map<string, EngineConnection>()
  const byConn = new WeakMap<EngineSocket, EngineConnection>()
  const places = createPlaces()
  const expected = new WeakMap<IncomingMessage, Place>()
  const of = (conn: EngineSocket): EngineConnection => {
    const connection = byConn.get(conn)
    if (connection === undefined) throw new Error('a connection that engine.io has not told of')
    return connection
  }
  // One of each kind for all connections, which are many and mostly idle.
  const listeners = {
    packet(this: EngineSocket) {
      of(this).received()
    },
    upgrading(this: EngineSocket, next: Transport) {
      of(this).upgrading(next)
    },
    upgrade(this: EngineSocket) {
      of(this).upgraded()
    },
    packetCreate(this: EngineSocket, { type, data }: { type: string; data?: string }) {
      of(this).queued(type, data ?? '')
    },
    flush(this: EngineSocket) {
      of(this).flushed()
    },
    close(this: EngineSocket) {
      of(this).closed()
      open.delete(idOf(this))
      // engine.io has it closed as soon as that was asked for; the other side may take its time.
      const { socket } = (this as unknown as { readonly transport: Transport }).transport
      if (socket !== undefined && socket.readyState !== WebSocket.CLOSED) places.take(socket)
    },
  }
  io.engine.on('connection', (conn: EngineSocket) => {
    const connection = new EngineConnection(conn, config)
    expected.get(conn.request)?.giveBack()
    Object.assign(conn, { request: remembered(conn.request as EngineRequest) })
    open.set(idOf(conn), connection)
    byConn.set(conn, connection)
    for (const [event, listener] of Object.entries(listeners)) conn.on(event, listener)
  })
  return {
    get size() {
      return open.size + places.taken
    },
    withId: id => open.get(id),
    of,
    expect: (request, channel) => {
      expected.set(request, places.take(channel))
    },
    expectUpgrade: (connection, channel) => {
      connection.expectUpgrade(places.take(channel))
    },
  }
}
