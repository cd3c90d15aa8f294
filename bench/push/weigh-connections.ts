// What an idle connection weighs: servers of their own, that do nothing else.
import type { Guest } from '../submit/guests.ts'
import { handshakesAtOnce, openSockets } from './doors.ts'
import { smallYoungGeneration, startBare, startRealtimeNode, weighKb, type Measurable } from './servers.ts'
import type { DoorKind } from './sockets-load.ts'

interface Place {
  readonly root: string
  /** Of the stack that realtime belongs to. */
  readonly environment: Readonly<Record<string, string>>
}

const startServer = ({ root, environment }: Place, kind: DoorKind): Promise<Measurable> => {
  if (kind === 'bare ws') return startBare(root, 'bare-ws', smallYoungGeneration)
  if (kind === 'bare socket.io') return startBare(root, 'bare-socket-io', smallYoungGeneration)
  return startRealtimeNode(root, { ...environment, ...smallYoungGeneration })
}

/** Kilobytes of RSS of each of those who come when a quarter of `users` are there already, and the process has grown to its size. */
const weighOne = async (place: Place, kind: DoorKind, users: readonly Guest[]): Promise<number> => {
  const server = await startServer(place, kind)
  const opened: { stop(): Promise<void> }[] = [server]
  const connect = async (some: readonly Guest[]): Promise<number> => {
    const sockets = await openSockets({ door: kind, url: server.url, users: some })
    opened.push(sockets)
    await sockets.ask({ do: 'connect', atOnce: handshakesAtOnce })
    return weighKb(server)
  }
  try {
    const first = Math.floor(users.length / 4)
    const before = await connect(users.slice(0, first))
    return ((await connect(users.slice(first))) - before) / (users.length - first)
  } finally {
    for (const one of opened.toReversed()) await one.stop()
  }
}

/** Kilobytes of RSS. */
export type IdleKb = Readonly<Record<DoorKind, number>>

/** One kind after the other. */
export const weighConnections = async (place: Place, users: readonly Guest[]): Promise<IdleKb> => ({
  plain: await weighOne(place, 'plain', users),
  'bare ws': await weighOne(place, 'bare ws', users),
  'socket.io': await weighOne(place, 'socket.io', users),
  'bare socket.io': await weighOne(place, 'bare socket.io', users),
})
