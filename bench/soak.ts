// `npm run bench -- soak`: does anything grow while apps go on at a moderate rate? Twenty minutes; memory, heap, file descriptors and
// subscriptions of every process, of which the first half, while caches fill, does not count.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { janitorVariables } from '@cairn/janitor/config'
import { providePostgres } from '@cairn/local'
import { createMigratedDatabase, startFleet, type Fleet, type FleetMember } from '@cairn/testkit/fleet'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'
import { MixedLoad, type LoadOutcome } from './harness/mixed-load.ts'
import { rounded } from './harness/statistics.ts'
import { isFlat, trendOf, type Sample, type Trend } from './soak/trend.ts'

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
/** A service collects its garbage on SIGUSR2: what is left is what it holds. By itself it may not do so for many minutes. */
const collecting = `--expose-gc --import=data:text/javascript,${encodeURIComponent("process.on('SIGUSR2',()=>gc())")}`
/** Jobs that run each minute do so as often in the twenty minutes as else in twenty hours. */
const everySecond = Object.fromEntries(
  Object.values(janitorVariables)
    .filter(({ name }) => /^JANITOR_.*_EVERY_MS$/.test(name))
    .map(({ name }) => [name, '1000']),
)
/** Connections that clients happen to have open come and go. */
const mostDescriptors = 10
const root = join(import.meta.dirname, '..')

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

const resultOf = (trends: readonly Trend[], outcome: LoadOutcome): BenchResult => ({
  tables: [
    {
      title: 'what each process holds, and how that changes',
      columns: ['RSS MiB', 'MiB/h', 'heap MiB', 'MiB/h', 'descriptors: first', 'last', 'subscriptions: first', 'last'],
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
    rssFlat: trends.every(trend => isFlat(trend, 'rss')),
    heapFlat: trends.every(trend => isFlat(trend, 'heap')),
    descriptorsConstant: trends.every(({ descriptors: [first, last] }) => last - first <= mostDescriptors),
    subscriptionsConstant: trends.every(({ subscriptions: [first, last] }) => last === first),
    noRequestFailed: outcome.requests > 0 && outcome.failed.length === 0 && outcome.lost === 0,
  },
})

const run = async ({ smoke, directory, say }: BenchContext): Promise<BenchResult> => {
  const scale = scales[smoke ? 'smoke' : 'real']
  const postgres = await providePostgres({ directory, env: {}, say })
  try {
    const order = { serverUrl: postgres.url, name: 'soak', passwordSeed: 'tests' }
    const { databaseUrl } = await createMigratedDatabase(root, order)
    const environment = { NODE_OPTIONS: collecting, ...everySecond }
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
        return resultOf(trends, outcome)
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
