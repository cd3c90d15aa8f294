// `npm run bench -- soak`: does anything grow while apps go on at a moderate rate? Twenty minutes; memory, heap, file descriptors and
// subscriptions of every process, of which the first quarter, while caches fill, does not count.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { providePostgres } from '@cairn/local'
import { createMigratedDatabase, startFleet, type Fleet, type FleetMember } from '@cairn/testkit/fleet'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'
import { MixedLoad, type LoadOutcome } from './harness/mixed-load.ts'
import { median, rounded, slope } from './harness/statistics.ts'

interface Scale {
  readonly users: number
  readonly requestsPerSecond: number
  readonly durationMs: number
  readonly sampleEveryMs: number
  /** Samples of a window become one point. */
  readonly windowMs: number
  /** Before anything is weighed: so many requests that V8's young generation has grown to its size, which else takes hours. */
  readonly warmUp: { readonly requestsPerSecond: number; readonly durationMs: number }
}

const scales: Record<'real' | 'smoke', Scale> = {
  real: {
    users: 100,
    requestsPerSecond: 60,
    durationMs: 1_200_000,
    sampleEveryMs: 10_000,
    windowMs: 60_000,
    warmUp: { requestsPerSecond: 300, durationMs: 120_000 },
  },
  smoke: {
    users: 4,
    requestsPerSecond: 40,
    durationMs: 6_000,
    sampleEveryMs: 250,
    windowMs: 500,
    warmUp: { requestsPerSecond: 60, durationMs: 500 },
  },
}
/** What a process may have grown by over the time that counts, as a share of what it holds. */
const mostGrowth = 0.1
/** A service collects its garbage on SIGUSR2: what is left is what it holds. By itself it may not do so for many minutes. */
const collecting = `--expose-gc --import=data:text/javascript,${encodeURIComponent("process.on('SIGUSR2',()=>gc())")}`
/** Connections that clients happen to have open come and go. */
const mostDescriptors = 10
const warmUpShare = 0.25
const mib = 2 ** 20
const root = join(import.meta.dirname, '..')

interface Sample {
  readonly atMs: number
  readonly rss: number
  readonly heap: number
  readonly descriptors: number
  readonly subscriptions: number
}

const sampleOf = async ({ pid, opsUrl }: FleetMember): Promise<Sample> => {
  process.kill(pid, 'SIGUSR2')
  const text = await (await fetch(`${opsUrl}/metrics`)).text()
  const valueOf = (name: string): number => Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)`, 'm').exec(text)?.[1])
  return {
    atMs: performance.now(),
    rss: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024,
    heap: valueOf('v8js_memory_heap_used'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    subscriptions: valueOf('cairn_bus_subscriptions'),
  }
}

type Samples = ReadonlyMap<string, readonly Sample[]>

const watch = async (
  fleet: Fleet,
  { durationMs, sampleEveryMs }: Scale,
  say: BenchContext['say'],
): Promise<Samples> => {
  const samples = new Map<string, Sample[]>(fleet.members.map(({ name }) => [name, []]))
  const startedAt = performance.now()
  for (let round = 1; performance.now() - startedAt < durationMs; round += 1) {
    for (const member of fleet.members) samples.get(member.name)?.push(await sampleOf(member))
    if (round % 60 === 0) say(`${Math.round((performance.now() - startedAt) / 60_000)} minutes`)
    await sleep(Math.max(0, startedAt + round * sampleEveryMs - performance.now()))
  }
  return samples
}

interface Trend {
  readonly member: string
  readonly rssMiB: number
  readonly rssMiBPerHour: number
  /** Its low-water mark: a sample above it met a request between the collection and the reading. */
  readonly heapMiB: number
  readonly heapMiBPerHour: number
  readonly descriptors: readonly [number, number]
  readonly subscriptions: readonly [number, number]
  /** RSS and heap of each window that counts, in MiB. */
  readonly windows: readonly (readonly [number, number])[]
}

const trendOf = (member: string, samples: readonly Sample[], windowMs: number): Trend => {
  const counted = samples.slice(Math.floor(samples.length * warmUpShare))
  const startedAt = counted[0]?.atMs ?? 0
  const windows = Object.values(Object.groupBy(counted, ({ atMs }) => Math.floor((atMs - startedAt) / windowMs)))
    // The last one is cut off: a single sample is no low-water mark.
    .slice(0, -1) as Sample[][]
  const perHour = (valueOf: (window: readonly Sample[]) => number): number =>
    slope(windows.map(window => [window[0]?.atMs ?? 0, valueOf(window)] as const)) * 3_600_000
  const ends = (valueOf: (sample: Sample) => number): [number, number] => {
    const fifth = Math.ceil(counted.length / 5)
    return [median(counted.slice(0, fifth).map(valueOf)), median(counted.slice(-fifth).map(valueOf))]
  }
  const leastHeap = (window: readonly Sample[]): number => Math.min(...window.map(({ heap }) => heap))
  return {
    member,
    rssMiB: median(counted.map(({ rss }) => rss)) / mib,
    rssMiBPerHour: perHour(window => median(window.map(({ rss }) => rss))) / mib,
    heapMiB: median(windows.map(leastHeap)) / mib,
    heapMiBPerHour: perHour(leastHeap) / mib,
    descriptors: ends(({ descriptors }) => descriptors),
    subscriptions: ends(({ subscriptions }) => subscriptions),
    windows: windows.map(window => [
      rounded(median(window.map(({ rss }) => rss)) / mib),
      rounded(leastHeap(window) / mib),
    ]),
  }
}

const resultOf = (trends: readonly Trend[], outcome: LoadOutcome, { durationMs }: Scale): BenchResult => {
  const hours = (durationMs * (1 - warmUpShare)) / 3_600_000
  const isFlat = (size: number, perHour: number): boolean => perHour * hours <= size * mostGrowth
  return {
    tables: [
      {
        title: 'what each process holds, and how that changes',
        columns: [
          'RSS MiB',
          'MiB/h',
          'heap MiB',
          'MiB/h',
          'descriptors: first',
          'last',
          'subscriptions: first',
          'last',
        ],
        rows: trends.map(one => [
          one.member,
          ...[one.rssMiB, one.rssMiBPerHour, one.heapMiB, one.heapMiBPerHour].map(rounded),
          ...one.descriptors,
          ...one.subscriptions,
        ]),
      },
      {
        title: 'requests',
        columns: ['count'],
        rows: [
          ['asked', outcome.requests],
          ['failed', outcome.failed.length],
          ['events lost', outcome.lost],
        ],
      },
    ],
    figures: { trends, outcome },
    bars: {
      rssFlat: trends.every(({ rssMiB, rssMiBPerHour }) => isFlat(rssMiB, rssMiBPerHour)),
      heapFlat: trends.every(({ heapMiB, heapMiBPerHour }) => isFlat(heapMiB, heapMiBPerHour)),
      descriptorsConstant: trends.every(({ descriptors: [first, last] }) => last - first <= mostDescriptors),
      subscriptionsConstant: trends.every(({ subscriptions: [first, last] }) => last === first),
      noRequestFailed: outcome.requests > 0 && outcome.failed.length === 0 && outcome.lost === 0,
    },
  }
}

const run = async ({ smoke, directory, say }: BenchContext): Promise<BenchResult> => {
  const scale = scales[smoke ? 'smoke' : 'real']
  const postgres = await providePostgres({ directory, env: {}, say })
  try {
    const order = { serverUrl: postgres.url, name: 'soak', passwordSeed: 'tests' }
    const { databaseUrl } = await createMigratedDatabase(root, order)
    const environment = { NODE_OPTIONS: collecting }
    const fleet = await startFleet({ directory: join(directory, 'fleet'), databaseUrl, environment })
    try {
      const load = await MixedLoad.prepare(fleet, scale)
      try {
        load.begin(scale.warmUp.requestsPerSecond)
        await sleep(scale.warmUp.durationMs)
        load.begin(scale.requestsPerSecond)
        const samples = await watch(fleet, scale, say)
        const outcome = await load.end()
        const trends = [...samples].map(([member, taken]) => trendOf(member, taken, scale.windowMs))
        return resultOf(trends, outcome, scale)
      } finally {
        await load.close()
      }
    } finally {
      await fleet.stop()
    }
  } finally {
    await postgres.stop()
  }
}

export const bench: Bench = { name: 'soak', run }
