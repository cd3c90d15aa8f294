// `npm run bench -- push`: from the commit to the client over both doors, what a push, a handshake and an idle connection cost
// beside bare `ws` and bare socket.io, and everybody coming back at once.
import { join } from 'node:path'
import { Bus } from '@cairn/bus'
import { providePostgres } from '@cairn/local'
import { createLogger } from '@cairn/runtime'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'
import { startEdgeStack } from './harness/edge-stack.ts'
import { interleave } from './harness/rounds.ts'
import { quantile, rounded } from './harness/statistics.ts'
import type { Table } from './harness/table.ts'
import {
  handshakesAtOnce,
  measureIdle,
  openDoors,
  openSockets,
  type Door,
  type Scale,
  type Site,
} from './push/doors.ts'
import { startBare, startRealtimeNode, type Measurable } from './push/servers.ts'
import type { DoorKind, SocketsReport } from './push/sockets-load.ts'
import { writeForEach, writeThroughFrontDoor } from './push/writers.ts'
import { signInGuests, type Guest } from './submit/guests.ts'

const scales: Record<'real' | 'smoke', Scale> = {
  real: {
    clients: 2_000,
    overBus: { perSecond: 1_000, durationMs: 5_000, eventsEach: 5 },
    frontDoor: { perSecond: 200, durationMs: 15_000 },
    missed: 3,
  },
  smoke: {
    clients: 20,
    overBus: { perSecond: 100, durationMs: 300, eventsEach: 2 },
    frontDoor: { perSecond: 50, durationMs: 500 },
    missed: 2,
  },
}
const root = join(import.meta.dirname, '..')
const kinds: readonly DoorKind[] = ['plain', 'bare ws', 'socket.io', 'bare socket.io']
const rounds = 5

interface DoorFigures {
  readonly handshakesPerSecond: number
  readonly handshakeCpuUs: number
  readonly rssKb: number
  readonly pushCpuUs: number
  /** Of a second in which nothing is pushed. */
  readonly idleCpuMs: number
  readonly latenciesMs: readonly number[]
  readonly returnsMs: readonly number[]
  readonly returnedWithinMs: number
}

type AllFigures = Readonly<Record<DoorKind, DoorFigures>>

const measureReturn = async (
  { scale, bus }: Site,
  guests: readonly Guest[],
  { sockets }: Door,
): Promise<SocketsReport> => {
  await sockets.ask({ do: 'drop' })
  await writeForEach(bus, guests, scale.missed)
  return sockets.ask({ do: 'return', events: scale.missed })
}

const measureDoors = async (
  site: Site,
  servers: Readonly<Record<DoorKind, Measurable>>,
  say: BenchContext['say'],
): Promise<AllFigures> => {
  const { overBus, clients } = site.scale
  const doors = await openDoors(site, servers)
  try {
    say('everybody is connected')
    await measureIdle(doors, overBus.durationMs)
    const push = (kind: DoorKind) => async () => ({ cpuUs: await doors[kind].push(overBus) })
    const cases = Object.fromEntries(kinds.map(kind => [kind, push(kind)])) as Record<
      DoorKind,
      () => Promise<{ cpuUs: number }>
    >
    const pushed = await interleave(cases, rounds, round => say(`round ${round} of ${rounds}`))
    const returned: Partial<Record<DoorKind, SocketsReport>> = {
      plain: await measureReturn(site, site.guests.slice(0, clients), doors.plain),
      'socket.io': await measureReturn(site, site.guests.slice(clients), doors['socket.io']),
    }
    const figuresOf = (kind: DoorKind): DoorFigures => ({
      ...doors[kind].connected,
      pushCpuUs: pushed[kind]['cpuUs'] ?? Number.NaN,
      idleCpuMs: doors[kind].idleCpuMs,
      latenciesMs: doors[kind].latenciesMs,
      returnsMs: returned[kind]?.latenciesMs ?? [],
      returnedWithinMs: returned[kind]?.elapsedMs ?? 0,
    })
    return Object.fromEntries(kinds.map(kind => [kind, figuresOf(kind)])) as AllFigures
  } finally {
    for (const { sockets } of Object.values(doors)) await sockets.stop()
  }
}

/** Half of the clients on each door, written to through the gateway. */
const measureFrontDoor = async (
  { scale, guests: all }: Site,
  gatewayUrl: string,
  nodes: Readonly<Record<'plain' | 'socket.io', Measurable>>,
): Promise<readonly number[]> => {
  const guests = all.slice(0, scale.clients)
  const half = guests.length / 2
  const both = await Promise.all([
    openSockets({ door: 'plain', url: nodes.plain.url, users: guests.slice(0, half) }),
    openSockets({ door: 'socket.io', url: nodes['socket.io'].url, users: guests.slice(half) }),
  ])
  try {
    for (const sockets of both) await sockets.ask({ do: 'connect', atOnce: handshakesAtOnce })
    await writeThroughFrontDoor(gatewayUrl, guests, { ...scale.frontDoor, durationMs: scale.frontDoor.durationMs / 3 })
    for (const sockets of both) await sockets.ask({ do: 'report' })
    // Guests in an order that reaches both doors alike.
    const mixed = guests.map((_, index) => guests[(index % 2) * half + (index >> 1)] as Guest)
    await writeThroughFrontDoor(gatewayUrl, mixed, scale.frontDoor)
    const reports = await Promise.all(both.map(sockets => sockets.ask({ do: 'report' })))
    return reports.flatMap(({ latenciesMs }) => latenciesMs)
  } finally {
    for (const sockets of both) await sockets.stop()
  }
}

const percentiles = (values: readonly number[]): [number, number, number] => [
  quantile(values, 0.5),
  quantile(values, 0.95),
  quantile(values, 0.99),
]

const tablesOf = (figures: AllFigures, frontDoor: readonly number[], scale: Scale): readonly Table[] => {
  const { plain, 'socket.io': socketIo } = figures
  const { perSecond, eventsEach } = scale.overBus
  const overBus = `${perSecond}/s over the bus in batches of ${eventsEach}`
  const returns = (one: DoorFigures) =>
    [...percentiles(one.returnsMs), (scale.clients / one.returnedWithinMs) * 1_000] as const
  return [
    {
      title: `commit to client, ${scale.clients} clients`,
      columns: ['p50 ms', 'p95 ms', 'p99 ms'],
      rows: [
        [`${scale.frontDoor.perSecond}/s through the front door, both doors`, ...percentiles(frontDoor)],
        [`${overBus}, plain WebSocket`, ...percentiles(plain.latenciesMs)],
        [`${overBus}, socket.io`, ...percentiles(socketIo.latenciesMs)],
      ],
    },
    {
      title: 'what it costs the server',
      columns: ['CPU µs a push', 'CPU ms/s idle', 'KB an idle connection', 'handshakes/s', 'CPU µs a handshake'],
      rows: kinds.map(door => {
        const { pushCpuUs, idleCpuMs, rssKb, handshakesPerSecond, handshakeCpuUs } = figures[door]
        return [door, pushCpuUs, idleCpuMs, rssKb, handshakesPerSecond, handshakeCpuUs] as const
      }),
    },
    {
      title: `${scale.clients} clients dropped at once, ${scale.missed} events missed by each`,
      columns: ['p50 ms', 'p95 ms', 'p99 ms', 'complete/s'],
      rows: [
        ['plain WebSocket', ...returns(plain)],
        ['socket.io', ...returns(socketIo)],
      ],
    },
  ]
}

const within = ([p50, p95, p99]: [number, number, number]): boolean => p50 <= 3 && p95 <= 10 && p99 <= 30

const resultOf = (figures: AllFigures, frontDoor: readonly number[], scale: Scale): BenchResult => {
  const { plain, 'socket.io': socketIo, 'bare ws': bareWs, 'bare socket.io': bareSocketIo } = figures
  const overBus = percentiles([...plain.latenciesMs, ...socketIo.latenciesMs])
  const front = percentiles(frontDoor)
  const ratios = { plain: plain.pushCpuUs / bareWs.pushCpuUs, socketIo: socketIo.pushCpuUs / bareSocketIo.pushCpuUs }
  const slowestReturn = Math.max(quantile(plain.returnsMs, 0.99), quantile(socketIo.returnsMs, 0.99))
  return {
    tables: tablesOf(figures, frontDoor, scale),
    figures: {
      frontDoorMs: front.map(rounded),
      overBusMs: overBus.map(rounded),
      pushCpuRatio: { plain: rounded(ratios.plain), socketIo: rounded(ratios.socketIo) },
      idleKb: { plain: rounded(plain.rssKb), socketIo: rounded(socketIo.rssKb) },
      returnP99Ms: rounded(slowestReturn),
    },
    bars: {
      frontDoor3_10_30Ms: within(front),
      overBus3_10_30Ms: within(overBus),
      pushTwiceBareWs: ratios.plain <= 2,
      pushOneAndAHalfBareSocketIo: ratios.socketIo <= 1.5,
      idle8KbPlain: plain.rssKb <= 8,
      idle20KbSocketIo: socketIo.rssKb <= 20,
      allBackWithin3s: slowestReturn < 3_000,
    },
  }
}

const run = async ({ smoke, directory, say }: BenchContext): Promise<BenchResult> => {
  const scale = scales[smoke ? 'smoke' : 'real']
  const opened: { stop(): Promise<void> }[] = []
  const open = <T extends { stop(): Promise<void> }>(one: T): T => {
    opened.push(one)
    return one
  }
  try {
    const postgres = open(await providePostgres({ directory, env: {}, say, maxConnections: 200 }))
    const stack = open(await startEdgeStack({ root, directory, serverUrl: postgres.url, name: 'push' }))
    const logger = createLogger({ service: 'bench', level: 'silent' })
    const bus = await Bus.connect({ url: stack.natsUrl, name: 'bench', logger })
    opened.push({ stop: () => bus.drain(500) })
    const nodes = {
      plain: open(await startRealtimeNode(root, stack.environment)),
      'socket.io': open(await startRealtimeNode(root, stack.environment)),
    }
    const guests = await signInGuests(stack.gatewayUrl, 2 * scale.clients)
    say(`${guests.length} guests`)
    const site = { scale, bus, guests }
    const frontDoor = await measureFrontDoor(site, stack.gatewayUrl, nodes)
    say('written through the front door')
    const servers = {
      ...nodes,
      'bare ws': open(await startBare(root, 'bare-ws')),
      'bare socket.io': open(await startBare(root, 'bare-socket-io')),
    }
    const figures = await measureDoors(site, servers, say)
    return resultOf(figures, frontDoor, scale)
  } finally {
    for (const one of opened.toReversed()) await one.stop()
  }
}

export const bench: Bench = { name: 'push', run }
