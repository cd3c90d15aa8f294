// Many sockets of one door in a process of its own: opens them, notes when what arrives was received by the server, drops
// them and comes back. The WebSocket of `ws` with as little around it as possible, also for socket.io.
import { serveLoad } from '../harness/load-process.ts'
import { LoadSocket, type DoorKind, type LoadUser } from './load-socket.ts'

export type { DoorKind } from './load-socket.ts'

export interface SocketsSetup {
  readonly door: DoorKind
  readonly url: string
  readonly users: readonly LoadUser[]
}

export type SocketsOrder =
  | { readonly do: 'connect'; readonly atOnce: number }
  | { readonly do: 'report' }
  | { readonly do: 'drop' }
  /** Everybody comes back at once and resumes; `events` were missed by each. */
  | { readonly do: 'return'; readonly events: number }

export interface SocketsReport {
  readonly elapsedMs: number
  readonly received: number
  /**
   * From the moment the server had the event, before it was committed, until it was here. After `return`: how long each took
   * to have what it missed.
   */
  readonly latenciesMs: readonly number[]
  /** The last message that came, as socket.io writes it without its prefix, or as it is. */
  readonly sample: string
}

serveLoad(async ({ door, url, users }: SocketsSetup) => {
  let received = 0
  let latenciesMs: number[] = []
  let sample = ''
  const onPage = (text: string, receivedAt: string): void => {
    received += 1
    latenciesMs.push(performance.timeOrigin + performance.now() - Date.parse(receivedAt))
    sample = text.slice(text.indexOf(door === 'plain' || door === 'bare ws' ? '{' : '['))
  }
  const sockets = users.map(user => new LoadSocket({ door, url, user, onPage }))
  const connectAll = async (atOnce: number): Promise<void> => {
    let next = 0
    const work = async (): Promise<void> => {
      for (let socket = sockets[next++]; socket !== undefined; socket = sockets[next++]) await socket.connect()
    }
    await Promise.all(Array.from({ length: atOnce }, work))
  }
  return async (order: SocketsOrder): Promise<SocketsReport> => {
    const startedAt = performance.now()
    if (order.do === 'connect') await connectAll(order.atOnce)
    else if (order.do === 'drop') for (const socket of sockets) socket.drop()
    else if (order.do === 'return') latenciesMs = await Promise.all(sockets.map(one => one.comeBack(order.events)))
    const report = { elapsedMs: performance.now() - startedAt, received, latenciesMs, sample }
    received = 0
    latenciesMs = []
    return report
  }
})
