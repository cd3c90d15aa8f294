// A TCP link to a server that a test can sever and mend: the server is gone for whoever comes through here, and for nobody else.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface SeverableLink {
  readonly port: number
  /** Ends every connection and refuses new ones. */
  sever(): Promise<void>
  /** Lets bytes lie from now on, in both directions: nothing fails, nothing answers. */
  freeze(): void
  mend(): Promise<void>
  close(): Promise<void>
}

export const openLink = async (host: string, port: number): Promise<SeverableLink> => {
  const sockets = new Set<Socket>()
  let frozen = false
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer(inside => {
    const outside = connect(port, host)
    for (const socket of [inside, outside]) keep(socket)
    inside.on('close', () => outside.destroy())
    outside.on('close', () => inside.destroy())
    if (frozen) return
    inside.pipe(outside)
    outside.pipe(inside)
  })
  const listen = async (at: number): Promise<number> => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const own = await listen(0)
  const sever = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return {
    port: own,
    sever,
    freeze: () => {
      frozen = true
      for (const socket of sockets) {
        socket.unpipe()
        socket.pause()
      }
    },
    mend: async () => {
      frozen = false
      if (server.listening) for (const socket of sockets) socket.destroy()
      else await listen(own)
    },
    close: async () => {
      if (server.listening) await sever()
    },
  }
}
