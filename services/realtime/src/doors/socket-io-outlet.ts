// Sending to one namespace's socket. Two things surprise: engine.io has a queue of its own before the WebSocket's, and
// only a closed transport makes a socket.io client come back by itself; told to disconnect it stays away.
import type { CloseCode } from '@cairn/contracts'
import type { Socket } from 'socket.io'
import type { Frame } from '../core/frame.ts'
import type { Outlet } from '../core/outlet.ts'

/** Close codes from here on mean: stay away. */
const firstCodeToStayAway = 4500

type Encode = (namespace: string, frame: Frame) => string

/** What is known of engine.io's transport: WebSocket has the socket of `ws`, polling has none. */
interface Transport {
  readonly socket?: { readonly bufferedAmount: number; terminate(): void }
}

/** Outlets know how many of them share a connection: one that is to stay away must not take the others along. */
export const createSocketIoOutlets = (encode: Encode): ((socket: Socket) => Outlet) => {
  const sharing = new WeakMap<Socket['conn'], number>()
  return socket => {
    const { conn } = socket
    const namespace = socket.nsp.name
    // Read anew each time: a connection may begin with polling and go on over WebSocket.
    const webSocket = (): Transport['socket'] => (conn.transport as unknown as Transport).socket
    let queuedBytes = 0
    const flushed = (): void => {
      queuedBytes = 0
    }
    conn.on('flush', flushed)
    sharing.set(conn, (sharing.get(conn) ?? 0) + 1)
    socket.once('disconnect', () => {
      conn.off('flush', flushed)
      sharing.set(conn, (sharing.get(conn) ?? 1) - 1)
    })
    return {
      send: frame => {
        const text = encode(namespace, frame)
        queuedBytes += text.length
        conn.write(text)
      },
      get pendingBytes() {
        return queuedBytes + (webSocket()?.bufferedAmount ?? 0)
      },
      close: (code: CloseCode) => {
        if (code < firstCodeToStayAway) conn.close()
        else socket.disconnect(sharing.get(conn) === 1)
      },
      terminate: () => {
        webSocket()?.terminate()
        conn.close(true)
      },
      // engine.io pings by itself.
      keepAlive: () => Number.POSITIVE_INFINITY,
    }
  }
}
