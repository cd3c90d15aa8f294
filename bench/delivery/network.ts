// The network of one phone: a way through TCP to the realtime nodes that can be cut, and stays away for a while. Like a
// balancer it gives all connections that are open together to one node, and passes over nodes that do not answer.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Network {
  readonly url: string
  /** Resets every connection and refuses new ones for so long. */
  cut(offlineMs: number): void
  close(): Promise<void>
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

export const openNetwork = async (nodePorts: readonly number[]): Promise<Network> => {
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
    const shuffled = nodePorts.toSorted(() => Math.random() - 0.5)
    const far = await openTo(node === undefined ? shuffled : [node])
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
