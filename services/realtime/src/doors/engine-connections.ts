// All connections of engine.io on this node, and places for those that are about to be made: between the question whether there
// is room and the connection lies a wait, in which many others may ask.
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Server } from 'socket.io'
import type { RealtimeConfig } from '../config.ts'
import { EngineConnection, type EngineSocket } from './engine-connection.ts'

export interface EngineConnections {
  /** With those that are about to be made. */
  readonly size: number
  /** Undefined when there is no such connection (any more). */
  withId(id: string): EngineConnection | undefined
  of(conn: EngineSocket): EngineConnection
  /** Takes a place for the connection that `request` asks for, until it is made, or `channel` closes without one. */
  expect(request: IncomingMessage, channel: EventEmitter): void
}

export const followConnections = (io: Server, config: RealtimeConfig): EngineConnections => {
  const open = new Map<string, EngineConnection>()
  const byConn = new WeakMap<EngineSocket, EngineConnection>()
  const expected = new Set<IncomingMessage>()
  io.engine.on('connection', (conn: EngineSocket) => {
    // Private in its types alone: it is what clients are told.
    const { id } = conn as unknown as { readonly id: string }
    const connection = new EngineConnection(conn, config)
    expected.delete(conn.request)
    open.set(id, connection)
    byConn.set(conn, connection)
    conn.once('close', () => open.delete(id))
  })
  return {
    get size() {
      return open.size + expected.size
    },
    withId: id => open.get(id),
    of: conn => {
      const connection = byConn.get(conn)
      if (connection === undefined) throw new Error('a connection that engine.io has not told of')
      return connection
    },
    expect: (request, channel) => {
      expected.add(request)
      channel.once('close', () => expected.delete(request))
    },
  }
}
