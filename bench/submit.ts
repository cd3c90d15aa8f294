// `npm run bench -- submit`: what recording progress costs through the whole path, beside what the database, HTTP and the
// bus cost by themselves in the same minutes.
import { join } from 'node:path'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'
import { startEdgeStack } from './harness/edge-stack.ts'
import { figuresOf, interleave, type Measured } from './harness/rounds.ts'
import { startSizedPostgres } from './harness/sized-postgres.ts'
import { rounded } from './harness/statistics.ts'
import { stoppingAll } from './harness/stopping-all.ts'
import { fastifyCase, insertCase, natsCase, postCase, type Case } from './submit/cases.ts'
import { signInGuests } from './submit/guests.ts'

const root = join(import.meta.dirname, '..')

interface Scale {
  readonly guests: number
  readonly connections: number
  readonly batchConnections: number
  readonly eventsEach: number
  readonly rounds: number
  readonly durationMs: number
  readonly warmUpMs: number
}
const scales: Record<'real' | 'smoke', Scale> = {
  real: {
    guests: 640,
    connections: 64,
    batchConnections: 16,
    eventsEach: 100,
    rounds: 5,
    durationMs: 5_000,
    warmUpMs: 10_000,
  },
  smoke: {
    guests: 8,
    connections: 8,
    batchConnections: 4,
    eventsEach: 10,
    rounds: 1,
    durationMs: 200,
    warmUpMs: 100,
  },
}

const cases = ['single', 'batch', 'insert', 'fastify', 'nats'] as const
type CaseName = (typeof cases)[number]

const processes = ['gateway', 'progress', 'postgres', 'nats', 'redis', 'fastify', 'responder', 'load'] as const

const titlesOf = (scale: Scale): Record<CaseName, string> => ({
  single: `one event a request, ${scale.connections} connections`,
  batch: `${scale.eventsEach} events a request, ${scale.batchConnections} connections`,
  insert: `bare INSERT of one row, ${scale.connections} connections`,
  fastify: `bare Fastify, ${scale.connections} connections`,
  nats: `bare NATS request/reply, ${scale.connections} at once`,
})

const resultOf = (medians: Record<CaseName, Measured>, scale: Scale): BenchResult => {
  const perSecond = (name: CaseName): number => medians[name]['perSecond'] ?? 0
  const ratios = {
    single_vs_insert: perSecond('single') / perSecond('insert'),
    batch_vs_insert: perSecond('batch') / perSecond('insert'),
  }
  const titles = titlesOf(scale)
  const rowsOf = (measures: readonly string[]) =>
    cases.map(name => [titles[name], ...measures.map(one => medians[name][one] ?? '–')] as const)
  return {
    tables: [
      {
        title: `recording events, medians of ${scale.rounds} interleaved rounds`,
        columns: ['events/s', 'p50 ms', 'p99 ms', 'CPU µs an event'],
        rows: rowsOf(['perSecond', 'p50Ms', 'p99Ms', 'cpuUs']),
      },
      {
        title: 'CPU µs an event, by process',
        columns: processes,
        rows: rowsOf(processes.map(name => `${name}CpuUs`)),
      },
      {
        title: 'events a second, against the bare INSERT',
        columns: ['ratio'],
        rows: [
          ['one event a request', ratios.single_vs_insert],
          [`${scale.eventsEach} events a request`, ratios.batch_vs_insert],
        ],
      },
    ],
    figures: {
      ...figuresOf(medians),
      ratios: {
        single_vs_insert: rounded(ratios.single_vs_insert),
        batch_vs_insert: rounded(ratios.batch_vs_insert),
      },
    },
    bars: { singleHalfOfInsert: ratios.single_vs_insert >= 0.5, batchFourTimesInsert: ratios.batch_vs_insert >= 4 },
  }
}

const run = async (context: BenchContext): Promise<BenchResult> => {
  const { smoke, directory, say } = context
  const scale = scales[smoke ? 'smoke' : 'real']
  const { connections } = scale
  return stoppingAll(async open => {
    const server = open(await startSizedPostgres(context))
    const postgres = server.meters
    const stack = open(await startEdgeStack({ root, directory, serverUrl: server.url, name: 'submit' }))
    const tokens = (await signInGuests(stack.gatewayUrl, scale.guests)).map(guest => guest.token)
    const post = { stack, postgres, tokens }
    const all: Record<CaseName, Case> = {
      single: open(await postCase({ ...post, connections, eventsEach: 1 })),
      batch: open(await postCase({ ...post, connections: scale.batchConnections, eventsEach: scale.eventsEach })),
      insert: open(await insertCase(stack.databaseUrl, connections, postgres)),
      fastify: open(await fastifyCase(root, connections)),
      nats: open(await natsCase(stack, connections)),
    }
    // Until code that is always hot in production is compiled.
    for (const name of cases) await all[name].round(scale.warmUpMs)
    const round = (name: CaseName) => (): Promise<Measured> => all[name].round(scale.durationMs)
    const rounds = {
      single: round('single'),
      batch: round('batch'),
      insert: round('insert'),
      fastify: round('fastify'),
      nats: round('nats'),
    }
    return resultOf(await interleave(rounds, scale.rounds, done => say(`round ${done} of ${scale.rounds}`)), scale)
  })
}

export const bench: Bench = { name: 'submit', run }
