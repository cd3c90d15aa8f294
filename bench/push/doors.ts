// One server with everybody connected to it, and all of them beside each other: two realtime nodes, two bare servers.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '@cairn/bus'
import { startLoadProcess, type LoadProcess } from '../harness/load-process.ts'
import { cpuMsOf } from '../harness/process-cpu.ts'
import { median } from '../harness/statistics.ts'
import type { Guest } from '../submit/guests.ts'
import type { Measurable } from './servers.ts'
import type { Arrival, DoorKind, SocketsOrder, SocketsReport, SocketsSetup } from './sockets-load.ts'
import { writeOverBus, type Rate } from './writers.ts'

export interface Scale {
  /** Of each door. */
  readonly clients: number
  /** Users whose idle connections are weighed. */
  readonly weighed: number
  /** Of a round. */
  readonly overBus: Rate & { readonly eventsEach: number }
  readonly frontDoor: Rate
  readonly missed: number
  /** Longer than the time between two pings. */
  readonly idleSeconds: number
}

export interface Site {
  readonly scale: Scale
  readonly bus: Bus
  readonly guests: readonly Guest[]
}

type Sockets = LoadProcess<SocketsOrder, SocketsReport>

export const handshakesAtOnce = 64

export const openSockets = (setup: SocketsSetup): Promise<Sockets> =>
  startLoadProcess(join(import.meta.dirname, 'sockets-load.ts'), setup)

/** Resolves with how often it was sent. */
const emit = async ({ url }: Measurable, { perSecond, durationMs }: Rate, body: string): Promise<number> => {
  const query = `perSecond=${perSecond}&durationMs=${durationMs}`
  return Number(await (await fetch(`${url}/emit?${query}`, { method: 'POST', body })).text())
}

/** Resolves with how many events it has written. */
type Write = (rate: Rate) => Promise<number>

export interface Handshakes {
  readonly perSecond: number
  readonly cpuUs: number
}

const measureHandshakes = async (server: Measurable, sockets: Sockets, count: number): Promise<Handshakes> => {
  const before = cpuMsOf(server.pid)
  const { elapsedMs } = await sockets.ask({ do: 'connect', atOnce: handshakesAtOnce })
  return { perSecond: (count / elapsedMs) * 1_000, cpuUs: ((cpuMsOf(server.pid) - before) * 1_000) / count }
}

/** One server with everybody connected to it. */
export class Door {
  readonly arrivals: Arrival[] = []
  /** The last message that came. */
  sample = ''
  /** Of a second in which nothing is pushed. */
  idleCpuMs = 0
  /** Of the median second of those: without the bursts in which clients that came together are pinged. */
  quietCpuMs = 0
  readonly handshakes: Handshakes
  readonly sockets: Sockets
  readonly #server: Measurable
  readonly #write: Write

  private constructor(of: { handshakes: Handshakes; sockets: Sockets; server: Measurable }, write: Write) {
    this.handshakes = of.handshakes
    this.sockets = of.sockets
    this.#server = of.server
    this.#write = write
  }

  /** The handshakes of `others` are measured, when `users` are there already, and they go again. */
  static async open(
    { kind, server }: { kind: DoorKind; server: Measurable },
    { users, others }: { users: readonly Guest[]; others: readonly Guest[] },
    write: Write,
  ): Promise<Door> {
    const sockets = await openSockets({ door: kind, url: server.url, users })
    await sockets.ask({ do: 'connect', atOnce: handshakesAtOnce })
    const more = await openSockets({ door: kind, url: server.url, users: others })
    try {
      const handshakes = await measureHandshakes(server, more, others.length)
      return new Door({ handshakes, sockets, server }, write)
    } finally {
      await more.stop()
    }
  }

  cpuMs(): number {
    return cpuMsOf(this.#server.pid)
  }

  /** CPU microseconds of a push, without what the connections cost meanwhile. */
  async push(rate: Rate): Promise<number> {
    await this.sockets.ask({ do: 'report', events: 0 })
    const startedAt = performance.now()
    const before = this.cpuMs()
    const { arrivals, sample } = await this.sockets.ask({ do: 'report', events: await this.#write(rate) })
    const quietMs = (this.quietCpuMs * (performance.now() - startedAt)) / 1_000
    const cpuMs = this.cpuMs() - before - quietMs
    this.arrivals.push(...arrivals)
    this.sample = sample
    return (cpuMs * 1_000) / arrivals.length
  }
}

export type Doors = Readonly<Record<DoorKind, Door>>

/** Each of the two nodes has clients of its own: what is written for one is not the other's. */
export const openDoors = async (
  { scale, bus, guests }: Site,
  servers: Readonly<Record<DoorKind, Measurable>>,
): Promise<Doors> => {
  const { eventsEach, ...rate } = scale.overBus
  const [first, second] = [guests.slice(0, scale.clients), guests.slice(scale.clients)]
  const open = (kind: 'plain' | 'socket.io', users: readonly Guest[], others: readonly Guest[]): Promise<Door> =>
    Door.open({ kind, server: servers[kind] }, { users, others }, ofRound =>
      writeOverBus(bus, users, { ...ofRound, eventsEach }),
    )
  /** Emits the last page of its counterpart, as often as that one pushes pages. */
  const openBare = (kind: 'bare ws' | 'bare socket.io', counterpart: Door): Promise<Door> =>
    Door.open({ kind, server: servers[kind] }, { users: first, others: second }, async ({ perSecond, durationMs }) => {
      const each = { perSecond: perSecond / eventsEach, durationMs }
      return eventsEach * (await emit(servers[kind], each, counterpart.sample))
    })
  const plain = await open('plain', first, second)
  const socketIo = await open('socket.io', second, first)
  const doors = {
    plain,
    'bare ws': await openBare('bare ws', plain),
    'socket.io': socketIo,
    'bare socket.io': await openBare('bare socket.io', socketIo),
  }
  for (const kind of ['plain', 'socket.io', 'bare ws', 'bare socket.io'] as const) await doors[kind].push(rate)
  return doors
}

/** One second after the other. */
export const measureIdle = async (doors: Doors, seconds: number): Promise<void> => {
  const seen = new Map<Door, number[]>(Object.values(doors).map(door => [door, []]))
  for (let second = 0; second < seconds; second += 1) {
    const before = [...seen.keys()].map(door => [door, door.cpuMs(), performance.now()] as const)
    await sleep(1_000)
    for (const [door, cpuMs, at] of before) {
      seen.get(door)?.push(((door.cpuMs() - cpuMs) * 1_000) / (performance.now() - at))
    }
  }
  for (const [door, each] of seen) {
    door.idleCpuMs = each.reduce((sum, one) => sum + one, 0) / seconds
    door.quietCpuMs = median(each)
  }
}
