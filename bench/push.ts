// `npm run bench -- push`: from the commit to the client over both doors, what a push, a handshake and an idle connection cost
// beside bare `ws` and bare socket.io, and everybody coming back at once.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Bus } from '@cairn/bus'
import { providePostgres } from '@cairn/local'
import { createLogger } from '@cairn/runtime'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'
import { startEdgeStack } from './harness/edge-stack.ts'
import { startLoadProcess, type LoadProcess } from './harness/load-process.ts'
import { cpuMsOf, measureCpu } from './harness/process-cpu.ts'
import { quantile, rounded } from './harness/statistics.ts'
import type { Table } from './harness/table.ts'
import { startBare, startRealtimeNode, weighKb, type Measurable } from './push/servers.ts'
import type { DoorKind, SocketsOrder, SocketsReport, SocketsSetup } from './push/sockets-load.ts'
import { writeForEach, writeOverBus, writeThroughFrontDoor, type Rate } from './push/writers.ts'
import { signInGuests, type Guest } from './submit/guests.ts'

interface Scale {
  readonly clients: number
  readonly overBus: Rate & { readonly eventsEach: number }
  readonly frontDoor: Rate
  readonly missed: number
}
const scales: Record<'real' | 'smoke', Scale> = {
  real: {
    clients: 2_000,
    overBus: { perSecond: 1_000, durationMs: 15_000, eventsEach: 5 },
    frontDoor: { perSecond: 200, durationMs: 15_000 },
    missed: 3,
  },
  smoke: {
    clients: 20,
    overBus: { perSecond: 100, durationMs: 500, eventsEach: 2 },
    frontDoor: { perSecond: 50, durationMs: 500 },
    missed: 2,
  },
}
const handshakesAtOnce = 64
const root = join(import.meta.dirname, '..')
const doors: readonly DoorKind[] = ['plain', 'bare ws', 'socket.io', 'bare socket.io']

type Sockets = LoadProcess<SocketsOrder, SocketsReport>

interface DoorFigures {
  handshakesPerSecond: number
  handshakeCpuUs: number
  rssKb: number
  pushCpuUs: number
  /** Of a second in which nothing is pushed. */
  idleCpuMs: number
  latenciesMs: readonly number[]
  returnsMs: readonly number[]
  returnedWithinMs: number
  sample: string
}

interface Site {
  readonly scale: Scale
  readonly bus: Bus
  readonly guests: readonly Guest[]
}

const openSockets = (setup: SocketsSetup): Promise<Sockets> =>
  startLoadProcess(join(import.meta.dirname, 'push', 'sockets-load.ts'), setup)

const emit = async ({ url }: Measurable, { perSecond, durationMs }: Rate, body: string): Promise<void> => {
  await (await fetch(`${url}/emit?perSecond=${perSecond}&durationMs=${durationMs}`, { method: 'POST', body })).text()
}

/** Everything that is measured of one door; `sample` is what a bare server has to emit, as often as pages are pushed. */
const measureDoor = async (
  { scale, bus, guests }: Site,
  server: Measurable,
  { door, sample }: { door: DoorKind; sample: string | undefined },
): Promise<DoorFigures> => {
  const cpu = { server: () => cpuMsOf(server.pid) }
  const sockets = await openSockets({ door, url: server.url, users: guests })
  try {
    await sockets.ask({ do: 'connect', atOnce: handshakesAtOnce })
    await sockets.ask({ do: 'drop' })
    const emptyKb = await weighKb(server)
    const connected = await measureCpu(cpu, () => sockets.ask({ do: 'connect', atOnce: handshakesAtOnce }))
    const rssKb = ((await weighKb(server)) - emptyKb) / guests.length
    const { perSecond, durationMs, eventsEach } = scale.overBus
    const pages = { perSecond: perSecond / eventsEach, durationMs }
    const write = (): Promise<void> =>
      sample === undefined ? writeOverBus(bus, guests, scale.overBus) : emit(server, pages, sample)
    await write()
    await sockets.ask({ do: 'report' })
    const startedAt = performance.now()
    const pushed = await measureCpu(cpu, write)
    const pushedForMs = performance.now() - startedAt
    const report = await sockets.ask({ do: 'report' })
    const idle = await measureCpu(cpu, () => sleep(durationMs))
    const idleMs = ((idle.cpuMs['server'] ?? 0) * pushedForMs) / durationMs
    const returned = sample === undefined ? await measureReturn({ scale, bus, guests }, sockets) : undefined
    return {
      handshakesPerSecond: (guests.length / connected.result.elapsedMs) * 1_000,
      handshakeCpuUs: ((connected.cpuMs['server'] ?? 0) * 1_000) / guests.length,
      rssKb,
      // Less than one tick of the clock counts as one.
      pushCpuUs: (Math.max((pushed.cpuMs['server'] ?? 0) - idleMs, 10) * 1_000) / report.received,
      idleCpuMs: (idle.cpuMs['server'] ?? 0) / (durationMs / 1_000),
      latenciesMs: report.latenciesMs,
      returnsMs: returned?.latenciesMs ?? [],
      returnedWithinMs: returned?.elapsedMs ?? 0,
      sample: report.sample,
    }
  } finally {
    await sockets.stop()
  }
}

const measureReturn = async ({ scale, bus, guests }: Site, sockets: Sockets): Promise<SocketsReport> => {
  await sockets.ask({ do: 'drop' })
  await writeForEach(bus, guests, scale.missed)
  return sockets.ask({ do: 'return', events: scale.missed })
}

/** Half of the clients on each door, written to through the gateway. */
const measureFrontDoor = async (
  { scale, guests }: Site,
  gatewayUrl: string,
  nodes: Readonly<Record<'plain' | 'socket.io', Measurable>>,
): Promise<readonly number[]> => {
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

type AllFigures = Record<DoorKind, DoorFigures>

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
      rows: doors.map(door => {
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
    const guests = await signInGuests(stack.gatewayUrl, scale.clients)
    say(`${guests.length} guests`)
    const site = { scale, bus, guests }
    const frontDoor = await measureFrontDoor(site, stack.gatewayUrl, nodes)
    say('written through the front door')
    const measure = async (server: Measurable, door: DoorKind, sample?: string): Promise<DoorFigures> => {
      const figures = await measureDoor(site, server, { door, sample })
      say(`${door} measured`)
      return figures
    }
    const plain = await measure(nodes.plain, 'plain')
    const socketIo = await measure(nodes['socket.io'], 'socket.io')
    const figures = {
      plain,
      'bare ws': await measure(open(await startBare(root, 'bare-ws')), 'bare ws', plain.sample),
      'socket.io': socketIo,
      'bare socket.io': await measure(open(await startBare(root, 'bare-socket-io')), 'bare socket.io', socketIo.sample),
    }
    return resultOf(figures, frontDoor, scale)
  } finally {
    for (const one of opened.toReversed()) await one.stop()
  }
}

export const bench: Bench = { name: 'push', run }
