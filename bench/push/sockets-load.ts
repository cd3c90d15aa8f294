// Many sockets of one door in a process of its own: opens them, notes what arrives when, drops them and comes back. The WebSocket
// of `ws` with as little around it as possible, also for socket.io.
import { setTimeout as sleep } from 'node:timers/promises'
import { serveLoad } from '../harness/load-process.ts'
import { LoadSocket, type DoorKind, type LoadTarget, type LoadUser } from './load-socket.ts'

export type { DoorKind } from './load-socket.ts'

export interface SocketsSetup {
  readonly door: DoorKind
  readonly url: string
  readonly users: readonly LoadUser[]
}

export type SocketsOrder =
  | { readonly do: 'connect'; readonly atOnce: number }
  /** What has arrived since the last one, once that is so many events; a page that does not come is waited for in vain. */
  | { readonly do: 'report'; readonly events: number }
  | { readonly do: 'drop' }
  /** Everybody comes back at once and resumes; `events` were missed by each. */
  | { readonly do: 'return'; readonly events: number }

/** A page on its way, told by its first event. Times are milliseconds since the epoch. */
export interface Arrival {
  readonly userId: string
  readonly seq: number
  readonly events: number
  /** When the server had the event, before it was committed. */
  readonly receivedAt: number
  readonly arrivedAt: number
}

export interface SocketsReport {
  readonly elapsedMs: number
  readonly arrivals: readonly Arrival[]
  /** How long each took to have what it missed; after `return` alone. */
  readonly returnsMs: readonly number[]
  /** The last message that came, as socket.io writes it without its prefix, or as it is. */
  readonly sample: string
}

const lateAfterMs = 10_000
const pollMs = 20

const sumOf = (arrivals: readonly Arrival[]): number => arrivals.reduce((sum, { events }) => sum + events, 0)

serveLoad(async ({ door, url, users }: SocketsSetup) => {
  let arrivals: Arrival[] = []
  let sample = ''
  const socketOf = (user: LoadUser): LoadSocket => {
    const { userId } = user
    const onPage: LoadTarget['onPage'] = (text, { seq, toSeq, receivedAt }) => {
      const arrivedAt = performance.timeOrigin + performance.now()
      arrivals.push({ userId, seq, events: toSeq - seq + 1, receivedAt: Date.parse(receivedAt), arrivedAt })
      sample = text.slice(text.indexOf(door === 'plain' || door === 'bare ws' ? '{' : '['))
    }
    return new LoadSocket({ door, url, user, onPage })
  }
  const sockets = users.map(socketOf)
  const untilArrived = async (events: number): Promise<void> => {
    const deadline = performance.now() + lateAfterMs
    while (sumOf(arrivals) < events && performance.now() < deadline) await sleep(pollMs)
    if (sumOf(arrivals) < events) throw new Error(`${events - sumOf(arrivals)} of ${events} events have not arrived`)
  }
  const connectAll = async (atOnce: number): Promise<void> => {
    let next = 0
    const work = async (): Promise<void> => {
      for (let socket = sockets[next++]; socket !== undefined; socket = sockets[next++]) await socket.connect()
    }
    await Promise.all(Array.from({ length: atOnce }, work))
  }
  return async (order: SocketsOrder): Promise<SocketsReport> => {
    const startedAt = performance.now()
    let returnsMs: number[] = []
    if (order.do === 'connect') await connectAll(order.atOnce)
    else if (order.do === 'report') await untilArrived(order.events)
    else if (order.do === 'drop') for (const socket of sockets) socket.drop()
    else if (order.do === 'return') returnsMs = await Promise.all(sockets.map(one => one.comeBack(order.events)))
    const report = { elapsedMs: performance.now() - startedAt, arrivals, returnsMs, sample }
    arrivals = []
    return report
  }
})
