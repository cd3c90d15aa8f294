// Sending to one namespace's socket. What surprises: only a closed transport makes a socket.io client come back by itself;
// told to disconnect it stays away, and must not take along the other namespaces of its connection.
import type { CloseCode } from '@cairn/contracts'
import type { Socket } from 'socket.io'
import type { Frame } from '../core/frame.ts'
import type { Outlet } from '../core/outlet.ts'
import type { EngineConnection } from './engine-connection.ts'

/** Close codes from here on mean: stay away. */
const firstCodeToStayAway = 4500

type Encode = (namespace: string, frame: Frame) => string

export const createSocketIoOutlet = (socket: Socket, connection: EngineConnection, encode: Encode): Outlet => {
  const namespace = socket.nsp.name
  return {
    send: frame => connection.write(encode(namespace, frame)),
    get pendingBytes() {
      return connection.pendingBytes
    },
    close: (code: CloseCode) => {
      const alone = !connection.isShared
      if (code >= firstCodeToStayAway) socket.disconnect(alone)
      if (code < firstCodeToStayAway || alone) connection.end()
    },
    terminate: () => connection.cut(),
    // engine.io pings by itself.
    keepAlive: () => Number.POSITIVE_INFINITY,
  }
}
