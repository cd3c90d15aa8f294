// `npm run bench -- rolling`: does anybody notice when every process of every service is restarted in order, one after the other,
// while apps go on? What a stopping process refuses has to be 503, and come right when it is asked again.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { providePostgres } from '@cairn/local'
import { createMigratedDatabase, startFleet, type Fleet } from '@cairn/testkit/fleet'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'
import { MixedLoad, type LoadOutcome } from './harness/mixed-load.ts'
import { quantile, rounded } from './harness/statistics.ts'

interface Scale {
  readonly users: number
  readonly requestsPerSecond: number
  /** How long the load runs without restarts, for comparison. */
  readonly calmMs: number
  /** Between one restart and the next. */
  readonly pauseMs: number
  /** Every replica, or one of each service. */
  readonly all: boolean
}

const scales: Record<'real' | 'smoke', Scale> = {
  real: { users: 100, requestsPerSecond: 200, calmMs: 20_000, pauseMs: 2_000, all: true },
  smoke: { users: 4, requestsPerSecond: 40, calmMs: 1_000, pauseMs: 100, all: false },
}
const replicas = { auth: 2, progress: 2, gateway: 2, realtime: 2, janitor: 2 }
/** As in production, but shorter than its 5 s and 20 s: balancers here ask every 200 ms. */
const environment = { GATEWAY_DRAIN_NOTICE_MS: '1000', DRAIN_WINDOW_MS: '3000' }
const root = join(import.meta.dirname, '..')

interface Rolled {
  readonly calm: readonly number[]
  readonly rolling: readonly number[]
  readonly restarts: readonly { readonly name: string; readonly tookMs: number }[]
  readonly outcome: LoadOutcome
}

const roll = async (fleet: Fleet, scale: Scale, say: BenchContext['say']): Promise<Rolled> => {
  const load = await MixedLoad.prepare(fleet, scale)
  try {
    load.begin(scale.requestsPerSecond)
    await sleep(scale.calmMs)
    const rollingFrom = performance.now()
    const restarts: { name: string; tookMs: number }[] = []
    for (const member of scale.all ? fleet.members : fleet.members.filter(({ name }) => name.endsWith('-1'))) {
      const startedAt = performance.now()
      await member.restart()
      restarts.push({ name: member.name, tookMs: Math.round(performance.now() - startedAt) })
      say(`${member.name} restarted`)
      await sleep(scale.pauseMs)
    }
    const outcome = await load.end()
    const isCalm = ({ atMs }: { atMs: number }): boolean => atMs < rollingFrom
    const latencies = (calm: boolean) => load.answers.filter(answer => isCalm(answer) === calm).map(({ ms }) => ms)
    return { calm: latencies(true), rolling: latencies(false), restarts, outcome }
  } finally {
    await load.close()
  }
}

const resultOf = ({ calm, rolling, restarts, outcome }: Rolled): BenchResult => {
  const shares = [0.5, 0.99, 1] as const
  const row = (name: string, latencies: readonly number[]): [string, ...number[]] => [
    name,
    latencies.length,
    ...shares.map(share => rounded(quantile(latencies, share))),
  ]
  const { phones, ...counts } = outcome
  return {
    tables: [
      {
        title: 'requests',
        columns: ['answered', 'p50 ms', 'p99 ms', 'worst ms'],
        rows: [row('before', calm), row('while everything is restarted', rolling)],
      },
      {
        title: 'what came of them',
        columns: ['count'],
        rows: [
          ['asked', counts.requests],
          ['failed', counts.failed.length],
          ['refused with 503, and then done', counts.refused],
          ['attempts without an answer', counts.unanswered],
          ['events acknowledged', counts.acknowledged],
          ['events lost', counts.lost],
          ['events that phones were to be handed', phones.expected],
          ['missing on a phone', phones.missing],
          ['handed over twice or out of order', phones.twice + phones.outOfOrder],
        ],
      },
      {
        title: 'restarts',
        columns: ['ms until ready again'],
        rows: restarts.map(({ name, tookMs }) => [name, tookMs]),
      },
    ],
    figures: {
      calmP50Ms: quantile(calm, 0.5),
      calmP99Ms: quantile(calm, 0.99),
      rollingP50Ms: quantile(rolling, 0.5),
      rollingP99Ms: quantile(rolling, 0.99),
      rollingWorstMs: quantile(rolling, 1),
      ...counts,
      phones,
    },
    bars: {
      noRequestFailed: counts.failed.length === 0 && counts.requests > 0,
      everyAttemptAnswered: counts.unanswered === 0,
      noEventLost: counts.lost === 0 && counts.acknowledged > 0,
      everyPhoneHasAll: phones.missing === 0 && phones.twice === 0 && phones.outOfOrder === 0 && phones.resets === 0,
      everyPhoneConnected: counts.disconnected === 0,
    },
  }
}

const run = async ({ smoke, directory, say }: BenchContext): Promise<BenchResult> => {
  const postgres = await providePostgres({ directory, env: {}, say })
  try {
    const order = { serverUrl: postgres.url, name: 'rolling', passwordSeed: 'tests' }
    const { databaseUrl } = await createMigratedDatabase(root, order)
    const fleet = await startFleet({ directory: join(directory, 'fleet'), databaseUrl, replicas, environment })
    try {
      return resultOf(await roll(fleet, scales[smoke ? 'smoke' : 'real'], say))
    } finally {
      await fleet.stop()
    }
  } finally {
    await postgres.stop()
  }
}

export const bench: Bench = { name: 'rolling', exact: true, run }
