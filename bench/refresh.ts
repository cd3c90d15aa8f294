// `npm run bench -- refresh`: whether a refresh costs the same in a table of a thousand sessions and in one of a million.
// Two whole stacks side by side on one durable PostgreSQL, beside the bare SQL of a refresh and bare Fastify.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { refreshSession } from '@cairn/contracts'
import { startBareServer } from './harness/bare-server.ts'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'
import { startEdgeStack, type EdgeStack } from './harness/edge-stack.ts'
import { openPoster, runLoad } from './harness/load.ts'
import { cpuMsOf, type Meters } from './harness/process-cpu.ts'
import { withCpu } from './harness/measured-load.ts'
import { figuresOf, interleave, type Measured } from './harness/rounds.ts'
import { startSizedPostgres } from './harness/sized-postgres.ts'
import { rounded } from './harness/statistics.ts'
import { stoppingAll } from './harness/stopping-all.ts'
import { openBareSql } from './refresh/bare-sql.ts'
import { fillSessions } from './refresh/fill-sessions.ts'
import { readUpdates } from './refresh/hot-updates.ts'
import { knownSessions } from './refresh/known-sessions.ts'
import { phonesOf } from './refresh/phones.ts'

const root = join(import.meta.dirname, '..')
const path = '/api/v1/auth/refresh'
const workers = 16
/** How long PostgreSQL's counters may take to reach its views. */
const statisticsDelayMs = 1_500

interface Scale {
  readonly small: number
  readonly large: number
  readonly rounds: number
  readonly durationMs: number
  readonly warmUpMs: number
}
const scales: Record<'real' | 'smoke', Scale> = {
  real: { small: 1_000, large: 1_000_000, rounds: 5, durationMs: 4_000, warmUpMs: 8_000 },
  smoke: { small: 100, large: 1_000, rounds: 2, durationMs: 200, warmUpMs: 100 },
}

interface Case {
  /** One round: load for a while, and what it cost. */
  readonly round: (durationMs: number) => Promise<Measured>
  readonly stop: () => Promise<void>
}

const stackCase = (stack: EdgeStack, count: number, postgres: Meters): Case => {
  const poster = openPoster(stack.gatewayUrl, workers)
  const sessionOf = knownSessions(stack.masterKey)
  const phones = phonesOf({ count, workers, sessionOf, first: token => token.text })
  const ask = (worker: number): Promise<void> =>
    phones.refresh(worker, async token => {
      const answer = JSON.parse(await poster.post(path, { refresh_token: token })) as { refresh_token: string }
      return answer.refresh_token
    })
  return {
    round: durationMs => withCpu({ ...stack.cpu, ...postgres }, () => runLoad({ workers, durationMs, ask })),
    stop: async () => poster.close(),
  }
}

/** The sessions of the bare SQL are the last ones: those of the stack beside it are the others. */
const sqlCase = (stack: EdgeStack, count: number, postgres: Meters): Case => {
  const sql = openBareSql(stack.authDatabaseUrl, stack.masterKey)
  const known = knownSessions(stack.masterKey)
  const phones = phonesOf({ count, workers, sessionOf: number => known(count + number), first: token => token })
  const ask = (worker: number): Promise<void> => phones.refresh(worker, token => sql.refresh(token))
  return {
    round: durationMs => withCpu(postgres, () => runLoad({ workers, durationMs, ask })),
    stop: () => sql.stop(),
  }
}

const fastifyCase = async (): Promise<Case> => {
  const user = {
    id: randomUUID(),
    is_guest: true,
    display_name: null,
    email: null,
    created_at: new Date().toISOString(),
  }
  const answer = {
    access_token: 'a'.repeat(389),
    token_type: 'Bearer',
    expires_in: 600,
    refresh_token: 'r'.repeat(100),
    refresh_expires_at: new Date().toISOString(),
    session_id: randomUUID(),
    user,
    created: false,
    request_id: 'r'.repeat(22),
  }
  const server = await startBareServer(root, { route: path, body: refreshSession.request, answer })
  const poster = openPoster(server.url, workers)
  const ask = async (): Promise<void> => {
    JSON.parse(await poster.post(path, { refresh_token: answer.refresh_token }))
  }
  const fastify = (): number => cpuMsOf(server.pid)
  return {
    round: durationMs => withCpu({ fastify }, () => runLoad({ workers, durationMs, ask })),
    stop: async () => {
      poster.close()
      await server.stop()
    },
  }
}

const startStack = async (context: BenchContext, serverUrl: string, count: number): Promise<EdgeStack> => {
  const stack = await startEdgeStack({ root, directory: context.directory, serverUrl, name: `sessions_${count}` })
  context.say(`filling a table with ${count} sessions`)
  await fillSessions(stack.databaseUrl, knownSessions(stack.masterKey), count)
  return stack
}

const cases = ['thousand', 'million', 'bareSql', 'bareFastify'] as const
type CaseName = (typeof cases)[number]

type HotShares = Readonly<Record<'thousand' | 'million', number>>

const resultOf = (medians: Record<CaseName, Measured>, scale: Scale, hot: HotShares): BenchResult => {
  const ratio = (measure: string): number => (medians.million[measure] ?? 0) / (medians.thousand[measure] ?? 1)
  const [p50Ratio, cpuRatio] = [ratio('p50Ms'), ratio('cpuUs')]
  const within = (value: number): boolean => value >= 0.75 && value <= 1.25
  const title: Record<CaseName, string> = {
    thousand: `${scale.small.toLocaleString('en')} sessions`,
    million: `${scale.large.toLocaleString('en')} sessions`,
    bareSql: `bare SQL, ${scale.large.toLocaleString('en')} sessions`,
    bareFastify: 'bare Fastify, the same body',
  }
  const measures = ['perSecond', 'p50Ms', 'p99Ms', 'cpuUs', 'gatewayCpuUs', 'authCpuUs', 'natsCpuUs', 'postgresCpuUs']
  const rows = cases.map(name => [title[name], ...measures.map(one => medians[name][one] ?? '–')] as const)
  const columns = ['refreshes/s', 'p50 ms', 'p99 ms', 'CPU µs each', 'gateway', 'auth', 'NATS', 'Postgres']
  return {
    tables: [
      { title: `refresh, ${workers} at once, medians of ${scale.rounds} interleaved rounds`, columns, rows },
      {
        title: 'share of updates that touched no index',
        columns: ['HOT'],
        rows: [
          [title.thousand, hot.thousand.toFixed(4)],
          [title.million, hot.million.toFixed(4)],
        ],
      },
      {
        title: 'million against thousand',
        columns: ['ratio'],
        rows: [
          ['p50', p50Ratio],
          ['CPU', cpuRatio],
        ],
      },
    ],
    figures: {
      ...figuresOf(medians),
      p50Ratio: rounded(p50Ratio),
      cpuRatio: rounded(cpuRatio),
      hotShare: { thousand: Number(hot.thousand.toFixed(4)), million: Number(hot.million.toFixed(4)) },
    },
    bars: {
      p50Within25Percent: within(p50Ratio),
      cpuWithin25Percent: within(cpuRatio),
      hot99Percent: Math.min(hot.thousand, hot.million) >= 0.99,
    },
  }
}

const run = async (context: BenchContext): Promise<BenchResult> => {
  const scale = scales[context.smoke ? 'smoke' : 'real']
  const { say } = context
  return stoppingAll(async open => {
    const server = open(await startSizedPostgres(context))
    const postgres = server.meters
    const small = open(await startStack(context, server.url, scale.small))
    const large = open(await startStack(context, server.url, scale.large))
    const all: Record<CaseName, Case> = {
      thousand: open(stackCase(small, scale.small, postgres)),
      million: open(stackCase(large, scale.large / 2, postgres)),
      bareSql: open(sqlCase(large, scale.large / 2, postgres)),
      bareFastify: open(await fastifyCase()),
    }
    // Until code that is always hot in production is compiled, and pages are in memory.
    for (const name of cases) await all[name].round(scale.warmUpMs)
    const round = (one: Case) => (): Promise<Measured> => one.round(scale.durationMs)
    const rounds = {
      thousand: round(all.thousand),
      million: round(all.million),
      bareSql: round(all.bareSql),
      bareFastify: round(all.bareFastify),
    }
    const medians = await interleave(rounds, scale.rounds, done => say(`round ${done} of ${scale.rounds}`))
    await sleep(statisticsDelayMs)
    const hotShareOf = async ({ databaseUrl }: EdgeStack): Promise<number> => {
      const { hot, all: updates } = await readUpdates(databaseUrl)
      return hot / updates
    }
    return resultOf(medians, scale, { thousand: await hotShareOf(small), million: await hotShareOf(large) })
  })
}

export const bench: Bench = { name: 'refresh', run }
