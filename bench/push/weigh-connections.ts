// What an idle connection weighs: servers of their own, that do nothing else.
import { stoppingAll } from '../harness/stopping-all.ts'
import type { Guest } from '../submit/guests.ts'
import { handshakesAtOnce, openSockets } from './doors.ts'
import { smallYoungGeneration, startServer, weighKb, type Place } from './servers.ts'
import type { DoorKind } from './sockets-load.ts'

/** Kilobytes of RSS of each of those who come when a quarter of `users` are there already, and the process has grown to its size. */
const weighOne = (place: Place, kind: DoorKind, users: readonly Guest[]): Promise<number> =>
  stoppingAll(async open => {
    const server = open(await startServer(place, kind, smallYoungGeneration))
    const connect = async (some: readonly Guest[]): Promise<number> => {
      const sockets = open(await openSockets({ door: kind, url: server.url, users: some }))
      await sockets.ask({ do: 'connect', atOnce: handshakesAtOnce })
      return weighKb(server)
    }
    const first = Math.floor(users.length / 4)
    const before = await connect(users.slice(0, first))
    return ((await connect(users.slice(first))) - before) / (users.length - first)
  })

/** Kilobytes of RSS. */
export type IdleKb = Readonly<Record<DoorKind, number>>

/** One kind after the other. */
export const weighConnections = async (place: Place, users: readonly Guest[]): Promise<IdleKb> => ({
  plain: await weighOne(place, 'plain', users),
  'bare ws': await weighOne(place, 'bare ws', users),
  'socket.io': await weighOne(place, 'socket.io', users),
  'bare socket.io': await weighOne(place, 'bare socket.io', users),
})
