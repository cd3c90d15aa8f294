// One server with everybody connected to it, and all of them beside each other: two realtime nodes, two bare servers.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '@cairn/bus'
import { startLoadProcess, type LoadProcess } from '../harness/load-process.ts'
import { cpuMsOf, measureCpu } from '../harness/process-cpu.ts'
import type { Guest } from '../submit/guests.ts'
import { weighKb, type Measurable } from './servers.ts'
import type { DoorKind, SocketsOrder, SocketsReport, SocketsSetup } from './sockets-load.ts'
import { writeOverBus, type Rate } from './writers.ts'

export interface Scale {
  readonly clients: number
  /** Of a round. */
  readonly overBus: Rate & { readonly eventsEach: number }
  readonly frontDoor: Rate
  readonly missed: number
}

export interface Site {
  readonly scale: Scale
  readonly bus: Bus
  readonly guests: readonly Guest[]
}

export type Sockets = LoadProcess<SocketsOrder, SocketsReport>

export const handshakesAtOnce = 64

export const openSockets = (setup: SocketsSetup): Promise<Sockets> =>
  startLoadProcess(join(import.meta.dirname, 'sockets-load.ts'), setup)

const emit = async ({ url }: Measurable, { perSecond, durationMs }: Rate, body: string): Promise<void> => {
  await (await fetch(`${url}/emit?perSecond=${perSecond}&durationMs=${durationMs}`, { method: 'POST', body })).text()
}

interface Connected {
  readonly handshakesPerSecond: number
  readonly handshakeCpuUs: number
  readonly rssKb: number
}

/** One server with everybody connected to it. */
export class Door {
  readonly latenciesMs: number[] = []
  /** The last message that came. */
  sample = ''
  /** Of a second in which nothing is pushed. */
  idleCpuMs = 0
  readonly connected: Connected
  readonly sockets: Sockets
  readonly #server: Measurable
  readonly #write: (rate: Rate) => Promise<void>

  private constructor(
    of: { connected: Connected; sockets: Sockets; server: Measurable },
    write: (rate: Rate) => Promise<void>,
  ) {
    this.connected = of.connected
    this.sockets = of.sockets
    this.#server = of.server
    this.#write = write
  }

  static async open(
    guests: readonly Guest[],
    { kind, server }: { kind: DoorKind; server: Measurable },
    write: (rate: Rate) => Promise<void>,
  ): Promise<Door> {
    const sockets = await openSockets({ door: kind, url: server.url, users: guests })
    await sockets.ask({ do: 'connect', atOnce: handshakesAtOnce })
    await sockets.ask({ do: 'drop' })
    const emptyKb = await weighKb(server)
    const { result, cpuMs } = await measureCpu({ server: () => cpuMsOf(server.pid) }, () =>
      sockets.ask({ do: 'connect', atOnce: handshakesAtOnce }),
    )
    const connected = {
      handshakesPerSecond: (guests.length / result.elapsedMs) * 1_000,
      handshakeCpuUs: ((cpuMs['server'] ?? 0) * 1_000) / guests.length,
      rssKb: ((await weighKb(server)) - emptyKb) / guests.length,
    }
    return new Door({ connected, sockets, server }, write)
  }

  cpuMs(): number {
    return cpuMsOf(this.#server.pid)
  }

  /** CPU microseconds of a push, without what the connections cost meanwhile. */
  async push(rate: Rate): Promise<number> {
    await this.sockets.ask({ do: 'report' })
    const startedAt = performance.now()
    const { cpuMs } = await measureCpu({ server: () => this.cpuMs() }, () => this.#write(rate))
    const idleMs = (this.idleCpuMs * (performance.now() - startedAt)) / 1_000
    const { received, latenciesMs, sample } = await this.sockets.ask({ do: 'report' })
    this.latenciesMs.push(...latenciesMs)
    this.sample = sample
    // Less than one tick of the clock counts as one.
    return (Math.max((cpuMs['server'] ?? 0) - idleMs, 10) * 1_000) / received
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
  const open = (kind: 'plain' | 'socket.io', users: readonly Guest[]): Promise<Door> =>
    Door.open(users, { kind, server: servers[kind] }, ofRound => writeOverBus(bus, users, { ...ofRound, eventsEach }))
  /** Emits the last page of its counterpart, as often as that one pushes pages. */
  const openBare = (kind: 'bare ws' | 'bare socket.io', { sample }: Door): Promise<Door> =>
    Door.open(first, { kind, server: servers[kind] }, ({ perSecond, durationMs }) =>
      emit(servers[kind], { perSecond: perSecond / eventsEach, durationMs }, sample),
    )
  const plain = await open('plain', first)
  const socketIo = await open('socket.io', second)
  for (const door of [plain, socketIo]) await door.push(rate)
  return {
    plain,
    'bare ws': await openBare('bare ws', plain),
    'socket.io': socketIo,
    'bare socket.io': await openBare('bare socket.io', socketIo),
  }
}

export const measureIdle = async (doors: Doors, durationMs: number): Promise<void> => {
  const before = Object.values(doors).map(door => [door, door.cpuMs()] as const)
  await sleep(durationMs)
  for (const [door, cpuMs] of before) door.idleCpuMs = (door.cpuMs() - cpuMs) / (durationMs / 1_000)
}
