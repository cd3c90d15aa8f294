// A client without a library: bytes on a TCP connection, so that it can send what no library sends, and not read.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const key = 'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=='

/** A client's frame with a mask of zeros; of less than 64 KB. */
const frame = (opcode: number, payload: string): Buffer => {
  const bytes = Buffer.from(payload)
  const head =
    bytes.length < 126
      ? [0x80 | opcode, 0x80 | bytes.length]
      : [0x80 | opcode, 0xfe, bytes.length >> 8, bytes.length & 255]
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), bytes])
}

export const textFrame = (text: string): Buffer => frame(1, text)
export const pingFrame = (payload: string): Buffer => frame(9, payload)

export interface RawSocket {
  readonly socket: Socket
  /** All that was received. */
  readonly received: () => string
  /** Resolves once `text` was received. */
  until(text: string): Promise<void>
  readonly closed: () => boolean
}

/** An upgraded connection; `target` is path and query. */
export const openRawSocket = async (port: number, target: string): Promise<RawSocket> => {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  let closed = false
  socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')))
  socket.on('error', () => undefined)
  socket.on('close', () => (closed = true))
  socket.write(`GET ${target} HTTP/1.1\r\nhost: node\r\nconnection: upgrade\r\nupgrade: websocket\r\n${key}\r\n\r\n`)
  const until = async (text: string): Promise<void> => {
    while (!received.includes(text)) await once(socket, 'data')
  }
  await until('101 Switching Protocols')
  return { socket, received: () => received, until, closed: () => closed }
}

/** Writes `bytes` again and again, reading nothing, until the other side ends it or `mostBytes` are written. */
export const flood = ({ socket, closed }: RawSocket, bytes: Buffer, mostBytes: number): Promise<void> => {
  socket.pause()
  let sent = 0
  return new Promise(resolve => {
    const go = (): void => {
      if (closed() || sent >= mostBytes) {
        resolve()
        return
      }
      sent += bytes.length
      socket.write(bytes, () => setImmediate(go))
    }
    go()
  })
}
