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
import { stoppingAll } from './harness/stopping-all.ts'
import type { Table } from './harness/table.ts'
import { latenciesOf, type Latencies } from './push/commit-times.ts'
import { measureIdle, openDoors, type Door, type Doors, type Scale, type Site } from './push/doors.ts'
import { startServer } from './push/servers.ts'
import type { Arrival, DoorKind, SocketsReport } from './push/sockets-load.ts'
import { weighConnections, type IdleKb } from './push/weigh-connections.ts'
import { writeForEach, writeThroughFrontDoor, type Rate } from './push/writers.ts'
import { signInGuests, type Guest } from './submit/guests.ts'

const scales: Record<'real' | 'smoke', Scale> = {
  real: {
    clients: 1_000,
    weighed: 4_000,
    overBus: { perSecond: 1_000, durationMs: 5_000, eventsEach: 5 },
    frontDoor: { perSecond: 200, durationMs: 15_000 },
    missed: 3,
    idleSeconds: 30,
  },
  smoke: {
    clients: 10,
    weighed: 40,
    overBus: { perSecond: 100, durationMs: 300, eventsEach: 2 },
    frontDoor: { perSecond: 50, durationMs: 500 },
    missed: 2,
    idleSeconds: 1,
  },
}
const root = join(import.meta.dirname, '..')
const kinds: readonly DoorKind[] = ['plain', 'bare ws', 'socket.io', 'bare socket.io']
const rounds = 5
const settings = { track_commit_timestamp: 'on' }

interface DoorFigures {
  readonly door: Door
  readonly pushCpuUs: number
  readonly idleKb: number
  readonly returnsMs: readonly number[]
  readonly returnedWithinMs: number
}

type AllFigures = Readonly<Record<DoorKind, DoorFigures>>

/** Everybody of both doors drops at once and comes back. */
const measureReturn = async (
  { scale, bus, guests }: Site,
  doors: Doors,
): Promise<Partial<Record<DoorKind, SocketsReport>>> => {
  const { plain, 'socket.io': socketIo } = doors
  await Promise.all([plain, socketIo].map(({ sockets }) => sockets.ask({ do: 'drop' })))
  await writeForEach(bus, guests, scale.missed)
  const comeBack = ({ sockets }: Door) => sockets.ask({ do: 'return', events: scale.missed })
  const [ofPlain, ofSocketIo] = await Promise.all([comeBack(plain), comeBack(socketIo)])
  return { plain: ofPlain, 'socket.io': ofSocketIo }
}

const measureDoors = async (
  site: Site,
  doors: Doors,
  { idleKb, say }: { idleKb: IdleKb; say: BenchContext['say'] },
): Promise<AllFigures> => {
  const { overBus, idleSeconds } = site.scale
  await measureIdle(doors, idleSeconds)
  const push = (kind: DoorKind) => async () => ({ cpuUs: await doors[kind].push(overBus) })
  const cases = Object.fromEntries(kinds.map(kind => [kind, push(kind)])) as Record<
    DoorKind,
    () => Promise<{ cpuUs: number }>
  >
  const pushed = await interleave(cases, rounds, round => say(`round ${round} of ${rounds}`))
  const returned = await measureReturn(site, doors)
  const figuresOf = (kind: DoorKind): DoorFigures => ({
    door: doors[kind],
    pushCpuUs: pushed[kind]['cpuUs'] ?? Number.NaN,
    idleKb: idleKb[kind],
    returnsMs: returned[kind]?.returnsMs ?? [],
    returnedWithinMs: returned[kind]?.elapsedMs ?? 0,
  })
  return Object.fromEntries(kinds.map(kind => [kind, figuresOf(kind)])) as AllFigures
}

/** Written to through the gateway, in turn for a client of either door. */
const measureFrontDoor = async (
  { scale, guests }: Site,
  gatewayUrl: string,
  doors: readonly [Door, Door],
): Promise<readonly Arrival[]> => {
  const mixed = Array.from({ length: scale.clients }, (_, index) => [
    guests[index] as Guest,
    guests[scale.clients + index] as Guest,
  ]).flat()
  /** Resolves when all of it has arrived. */
  const write = async (rate: Rate): Promise<readonly Arrival[]> => {
    const written = await writeThroughFrontDoor(gatewayUrl, mixed, rate)
    const shares = [Math.ceil(written / 2), Math.floor(written / 2)]
    const reports = await Promise.all(
      doors.map(({ sockets }, index) => sockets.ask({ do: 'report', events: shares[index] ?? 0 })),
    )
    return reports.flatMap(({ arrivals }) => arrivals)
  }
  await write({ ...scale.frontDoor, durationMs: scale.frontDoor.durationMs / 3 })
  return write(scale.frontDoor)
}

const percentiles = (values: readonly number[]): [number, number, number] => [
  quantile(values, 0.5),
  quantile(values, 0.95),
  quantile(values, 0.99),
]

interface Deliveries {
  readonly frontDoor: Latencies
  readonly plain: Latencies
  readonly socketIo: Latencies
}

const deliveryTable = (
  title: string,
  { overBus, frontDoor }: Scale,
  percentilesOf: (delivery: keyof Deliveries) => [number, number, number],
): Table => {
  const batches = `${overBus.perSecond}/s over the bus in batches of ${overBus.eventsEach}`
  return {
    title,
    columns: ['p50 ms', 'p95 ms', 'p99 ms'],
    rows: [
      [`${frontDoor.perSecond}/s through the front door, both doors`, ...percentilesOf('frontDoor')],
      [`${batches}, to those of the plain door`, ...percentilesOf('plain')],
      [`${batches}, to those of socket.io's`, ...percentilesOf('socketIo')],
    ],
  }
}

const tablesOf = (figures: AllFigures, deliveries: Deliveries, scale: Scale): readonly Table[] => {
  const { plain, 'socket.io': socketIo } = figures
  const returns = (one: DoorFigures) =>
    [...percentiles(one.returnsMs), (scale.clients / one.returnedWithinMs) * 1_000] as const
  return [
    deliveryTable(`commit to client, ${2 * scale.clients} clients`, scale, one =>
      percentiles(deliveries[one].fromCommitMs),
    ),
    deliveryTable('the same from when the server had the event', scale, one =>
      percentiles(deliveries[one].fromReceiptMs),
    ),
    {
      title: 'what it costs the server',
      columns: ['CPU µs a push', 'CPU ms/s idle', 'KB an idle connection', 'handshakes/s', 'CPU µs a handshake'],
      rows: kinds.map(kind => {
        const { pushCpuUs, door, idleKb } = figures[kind]
        const { perSecond, cpuUs } = door.handshakes
        return [kind, pushCpuUs, door.idleCpuMs, idleKb, perSecond, cpuUs] as const
      }),
    },
    {
      title: `${2 * scale.clients} clients dropped at once, ${scale.missed} events missed by each`,
      columns: ['p50 ms', 'p95 ms', 'p99 ms', 'complete/s'],
      rows: [
        ['plain WebSocket', ...returns(plain)],
        ['socket.io', ...returns(socketIo)],
      ],
    },
  ]
}

const within = ([p50, p95, p99]: [number, number, number]): boolean => p50 <= 3 && p95 <= 10 && p99 <= 30

const resultOf = (figures: AllFigures, deliveries: Deliveries, scale: Scale): BenchResult => {
  const { plain, 'socket.io': socketIo, 'bare ws': bareWs, 'bare socket.io': bareSocketIo } = figures
  const overBusOf = (of: (one: Latencies) => readonly number[]) =>
    percentiles([...of(deliveries.plain), ...of(deliveries.socketIo)])
  const overBus = overBusOf(one => one.fromCommitMs)
  const front = percentiles(deliveries.frontDoor.fromCommitMs)
  const ratios = { plain: plain.pushCpuUs / bareWs.pushCpuUs, socketIo: socketIo.pushCpuUs / bareSocketIo.pushCpuUs }
  const slowestReturn = Math.max(quantile(plain.returnsMs, 0.99), quantile(socketIo.returnsMs, 0.99))
  return {
    tables: tablesOf(figures, deliveries, scale),
    figures: {
      frontDoorMs: front.map(rounded),
      overBusMs: overBus.map(rounded),
      fromReceiptMs: {
        frontDoor: percentiles(deliveries.frontDoor.fromReceiptMs).map(rounded),
        overBus: overBusOf(one => one.fromReceiptMs).map(rounded),
      },
      pushCpuRatio: { plain: rounded(ratios.plain), socketIo: rounded(ratios.socketIo) },
      idleKb: { plain: rounded(plain.idleKb), socketIo: rounded(socketIo.idleKb) },
      returnP99Ms: rounded(slowestReturn),
    },
    bars: {
      frontDoor3_10_30Ms: within(front),
      overBus3_10_30Ms: within(overBus),
      pushTwiceBareWs: ratios.plain <= 2,
      pushOneAndAHalfBareSocketIo: ratios.socketIo <= 1.5,
      idle8KbPlain: plain.idleKb <= 8,
      idle20KbSocketIo: socketIo.idleKb <= 20,
      allBackWithin3s: slowestReturn < 3_000,
    },
  }
}

const run = async ({ smoke, directory, say }: BenchContext): Promise<BenchResult> => {
  const scale = scales[smoke ? 'smoke' : 'real']
  return stoppingAll(async open => {
    const postgres = open(await providePostgres({ directory, env: {}, say, maxConnections: 200, settings }))
    const stack = open(await startEdgeStack({ root, directory, serverUrl: postgres.url, name: 'push' }))
    const logger = createLogger({ service: 'bench', level: 'silent' })
    const bus = await Bus.connect({ url: stack.natsUrl, name: 'bench', logger })
    open({ stop: () => bus.drain(500) })
    const place = { root, environment: stack.environment }
    const servers = {
      plain: open(await startServer(place, 'plain')),
      'bare ws': open(await startServer(place, 'bare ws')),
      'socket.io': open(await startServer(place, 'socket.io')),
      'bare socket.io': open(await startServer(place, 'bare socket.io')),
    }
    const weighed = await signInGuests(stack.gatewayUrl, scale.weighed)
    const idleKb = await weighConnections(place, weighed)
    const guests = await signInGuests(stack.gatewayUrl, 2 * scale.clients)
    say(`${guests.length} guests`)
    const site = { scale, bus, guests }
    const doors = await openDoors(site, servers)
    for (const { sockets } of Object.values(doors)) open(sockets)
    say('everybody is connected')
    const frontDoor = await measureFrontDoor(site, stack.gatewayUrl, [doors.plain, doors['socket.io']])
    say('written through the front door')
    const figures = await measureDoors(site, doors, { idleKb, say })
    const latencies = (arrivals: readonly Arrival[]) => latenciesOf(stack.databaseUrl, arrivals)
    const deliveries = {
      frontDoor: await latencies(frontDoor),
      plain: await latencies(doors.plain.arrivals),
      socketIo: await latencies(doors['socket.io'].arrivals),
    }
    return resultOf(figures, deliveries, scale)
  })
}

export const bench: Bench = { name: 'push', run }
