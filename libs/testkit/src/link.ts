// The TCP between one process and one server, which a test can cut, or make to carry nothing, for that process alone.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Link {
  /** The server's URL with the link's address in it. */
  readonly url: string
  /** Resets all connections and takes no new ones, like a server that is gone. */
  cut(): void
  /** Keeps connections open and takes new ones, but no byte arrives, like a network that drops packets. */
  drop(): void
  /** What was held back arrives. */
  restore(): void
  stop(): Promise<void>
}

/** The server's URL, at another place. */
const at = (serverUrl: string, address: AddressInfo): string => {
  const url = new URL(serverUrl)
  url.hostname = '127.0.0.1'
  url.port = String(address.port)
  return url.href
}

/** To what `serverUrl` names: any URL with a host and a port. */
export const startLink = async (serverUrl: string): Promise<Link> => {
  const { hostname, port } = new URL(serverUrl)
  const sockets = new Set<Socket>()
  let state: 'open' | 'cut' | 'dropping' = 'open'
  const join = (one: Socket, other: Socket): void => {
    sockets.add(one)
    one.setNoDelay(true)
    one.on('data', chunk => {
      if (!other.write(chunk)) one.pause()
    })
    one.on('drain', () => {
      if (state !== 'dropping') other.resume()
    })
    one.on('error', () => undefined)
    one.on('close', () => {
      sockets.delete(one)
      other.destroy()
    })
    if (state === 'dropping') one.pause()
  }
  const server = createServer(near => {
    if (state === 'cut') {
      near.resetAndDestroy()
      return
    }
    const far = connect({ host: hostname, port: Number(port) })
    join(near, far)
    join(far, near)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    state = 'cut'
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    url: at(serverUrl, server.address() as AddressInfo),
    cut,
    drop: () => {
      state = 'dropping'
      for (const socket of sockets) socket.pause()
    },
    restore: () => {
      state = 'open'
      for (const socket of sockets) socket.resume()
    },
    stop: () => {
      cut()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
