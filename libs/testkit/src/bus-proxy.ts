// A way to the bus that a test can cut for one node alone, while everybody else goes on publishing.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface BusProxy {
  readonly url: string
  /** Cuts all connections and takes no new ones. */
  cut(): void
  restore(): void
  stop(): Promise<void>
}

export const startBusProxy = async (natsUrl: string): Promise<BusProxy> => {
  const { hostname, port } = new URL(natsUrl)
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer(near => {
    if (isCut) {
      near.destroy()
      return
    }
    const far = connect({ host: hostname, port: Number(port) })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => undefined)
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(natsUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  const cut = (): void => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: url.href,
    cut,
    restore: () => {
      isCut = false
    },
    stop: () => {
      cut()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
