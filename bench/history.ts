// `npm run bench -- history`: whether recording an event costs the same in an empty table and beside five million events, and
// for a user who holds a hundred thousand of them. Two whole stacks side by side on one durable PostgreSQL.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'
import { startEdgeStack, type EdgeStack } from './harness/edge-stack.ts'
import type { Meters } from './harness/process-cpu.ts'
import { figuresOf, interleave, type Measured } from './harness/rounds.ts'
import { startSizedPostgres } from './harness/sized-postgres.ts'
import { rounded } from './harness/statistics.ts'
import { stoppingAll } from './harness/stopping-all.ts'
import { fillLogs } from './history/fill-logs.ts'
import { postCase, type Case } from './submit/cases.ts'
import { signInGuests, type Guest } from './submit/guests.ts'

const root = join(import.meta.dirname, '..')

interface Scale {
  readonly guests: number
  readonly connections: number
  readonly events: number
  readonly eventsOfOne: number
  readonly eventsOfOthers: number
  readonly rounds: number
  readonly durationMs: number
  readonly warmUpMs: number
}
const scales: Record<'real' | 'smoke', Scale> = {
  real: {
    guests: 640,
    connections: 64,
    events: 5_000_000,
    eventsOfOne: 100_000,
    eventsOfOthers: 500,
    rounds: 5,
    durationMs: 4_000,
    warmUpMs: 10_000,
  },
  smoke: {
    guests: 8,
    connections: 8,
    events: 4_000,
    eventsOfOne: 1_000,
    eventsOfOthers: 50,
    rounds: 1,
    durationMs: 200,
    warmUpMs: 100,
  },
}

const cases = ['empty', 'full', 'emptyOne', 'fullOne'] as const
type CaseName = (typeof cases)[number]

interface Filled {
  readonly stack: EdgeStack
  readonly tokens: readonly string[]
}

/** The first guest is the one with the long log, where there are logs. */
const fill = async (
  { stack, guests }: { stack: EdgeStack; guests: readonly Guest[] },
  scale: Scale,
  say: BenchContext['say'],
): Promise<void> => {
  const [one, ...others] = guests.map(guest => guest.userId)
  const strangers = Math.floor((scale.events - scale.eventsOfOne) / scale.eventsOfOthers) - others.length
  const everybodyElse = [...others, ...Array.from({ length: strangers }, () => randomUUID())]
  const logs = [
    { userIds: [one ?? ''], eventsEach: scale.eventsOfOne },
    { userIds: everybodyElse, eventsEach: scale.eventsOfOthers },
  ]
  await fillLogs(stack.databaseUrl, logs, say)
}

const casesOf = async ({ stack, tokens }: Filled, postgres: Meters, connections: number): Promise<[Case, Case]> => {
  const post = { stack, postgres, eventsEach: 1 }
  return [
    await postCase({ ...post, tokens, connections }),
    await postCase({ ...post, tokens: tokens.slice(0, 1), connections: 1 }),
  ]
}

const resultOf = (medians: Record<CaseName, Measured>, scale: Scale): BenchResult => {
  const ratioOf = (full: CaseName, empty: CaseName, measure: string): number =>
    (medians[full][measure] ?? 0) / (medians[empty][measure] ?? 1)
  const ratios = {
    throughput: ratioOf('full', 'empty', 'perSecond'),
    p50: ratioOf('full', 'empty', 'p50Ms'),
    cpu: ratioOf('full', 'empty', 'cpuUs'),
    p50_of_one: ratioOf('fullOne', 'emptyOne', 'p50Ms'),
  }
  const titles: Record<CaseName, string> = {
    empty: `empty table, ${scale.connections} connections`,
    full: `${scale.events.toLocaleString('en')} events, ${scale.connections} connections`,
    emptyOne: 'one user with nothing, 1 connection',
    fullOne: `one user with ${scale.eventsOfOne.toLocaleString('en')} events, 1 connection`,
  }
  const measures = ['perSecond', 'p50Ms', 'p99Ms', 'cpuUs', 'gatewayCpuUs', 'progressCpuUs', 'postgresCpuUs']
  const columns = ['events/s', 'p50 ms', 'p99 ms', 'CPU µs an event', 'gateway', 'progress', 'Postgres']
  const within = (ratio: number): boolean => ratio >= 0.75 && ratio <= 1.25
  return {
    tables: [
      {
        title: `recording one event a request, medians of ${scale.rounds} interleaved rounds`,
        columns,
        rows: cases.map(name => [titles[name], ...measures.map(one => medians[name][one] ?? '–')]),
      },
      { title: 'full against empty', columns: ['ratio'], rows: Object.entries(ratios) },
    ],
    figures: {
      ...figuresOf(medians),
      ratios: Object.fromEntries(Object.entries(ratios).map(([name, value]) => [name, rounded(value)])),
    },
    bars: {
      throughputWithin25Percent: within(ratios.throughput),
      p50Within25Percent: within(ratios.p50),
      p50OfOneWithin25Percent: within(ratios.p50_of_one),
    },
  }
}

const run = async (context: BenchContext): Promise<BenchResult> => {
  const { smoke, directory, say } = context
  const scale = scales[smoke ? 'smoke' : 'real']
  return stoppingAll(async open => {
    const server = open(await startSizedPostgres(context))
    const postgres = server.meters
    const start = async (name: string): Promise<{ stack: EdgeStack; guests: Guest[]; tokens: string[] }> => {
      const stack = open(await startEdgeStack({ root, directory, serverUrl: server.url, name }))
      const guests = await signInGuests(stack.gatewayUrl, scale.guests)
      return { stack, guests, tokens: guests.map(guest => guest.token) }
    }
    const [empty, full] = [await start('history_empty'), await start('history_full')]
    await fill(full, scale, say)
    const [ofEmpty, ofFull] = [
      await casesOf(empty, postgres, scale.connections),
      await casesOf(full, postgres, scale.connections),
    ]
    const all = { empty: open(ofEmpty[0]), full: open(ofFull[0]), emptyOne: open(ofEmpty[1]), fullOne: open(ofFull[1]) }
    // Until hot code is compiled, and every page of a user has been written since the checkpoint after the filling: the first
    // write of each puts all of it into the WAL.
    for (const name of cases) await all[name].round(scale.warmUpMs)
    const round = (name: CaseName) => (): Promise<Measured> => all[name].round(scale.durationMs)
    const rounds = {
      empty: round('empty'),
      full: round('full'),
      emptyOne: round('emptyOne'),
      fullOne: round('fullOne'),
    }
    return resultOf(await interleave(rounds, scale.rounds, done => say(`round ${done} of ${scale.rounds}`)), scale)
  })
}

export const bench: Bench = { name: 'history', run }
