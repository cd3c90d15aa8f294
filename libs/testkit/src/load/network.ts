// A way through TCP to the nodes of a service, of one phone or of many, that can be cut and stays away for a while. Like a
// balancer it takes nodes that are ready and passes over those that do not answer.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Network {
  readonly url: string
  /** Resets every connection and refuses new ones for so long. */
  cut(offlineMs: number): void
  close(): Promise<void>
}

export interface NetworkOptions {
  /** Ports of the nodes that may be given connections now. */
  readonly nodes: () => readonly number[]
  /** Connections that are open together go to one node, as socket.io's polling needs it. */
  readonly sticky: boolean
}

const openTo = (ports: readonly number[]): Promise<{ socket: Socket; port: number } | undefined> =>
  new Promise(resolve => {
    const [port, ...others] = ports
    if (port === undefined) {
      resolve(undefined)
      return
    }
    const socket = connect({ host: '127.0.0.1', port })
    const failed = (): void => void openTo(others).then(resolve)
    socket.once('error', failed)
    socket.once('connect', () => {
      socket.off('error', failed)
      resolve({ socket, port })
    })
  })

const join = (near: Socket, far: Socket, onClose: () => void): void => {
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.setNoDelay(true)
    one.pipe(other)
    one.on('error', () => undefined)
    one.on('close', () => {
      other.destroy()
      onClose()
    })
  }
}

export const openNetwork = async ({ nodes, sticky }: NetworkOptions): Promise<Network> => {
  const near = new Set<Socket>()
  let node: number | undefined
  let offlineUntil = 0
  const accept = async (phone: Socket): Promise<void> => {
    phone.on('error', () => undefined)
    near.add(phone)
    phone.on('close', () => {
      near.delete(phone)
      if (near.size === 0) node = undefined
    })
    if (performance.now() < offlineUntil) {
      phone.resetAndDestroy()
      return
    }
    const shuffled = nodes().toSorted(() => Math.random() - 0.5)
    const far = await openTo(sticky && node !== undefined ? [node] : shuffled)
    if (far === undefined || phone.destroyed) {
      phone.destroy()
      far?.socket.destroy()
      return
    }
    node = far.port
    join(phone, far.socket, () => near.delete(phone))
  }
  const server = createServer(phone => void accept(phone))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const cutAll = (): void => {
    for (const phone of near) phone.resetAndDestroy()
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: offlineMs => {
      offlineUntil = performance.now() + offlineMs
      cutAll()
    },
    close: () => {
      cutAll()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
