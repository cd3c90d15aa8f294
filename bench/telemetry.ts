// `npm run bench -- telemetry`: what a real request (one event recorded, through gateway, NATS, progress and PostgreSQL) costs
// the two services with nothing said of it, with ids and logs, with the flight recorder, and with OpenTelemetry on top. Each
// way is a stack of its own; all are asked in the same minutes.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { providePostgres } from '@cairn/local'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'
import { startEdgeStack } from './harness/edge-stack.ts'
import { interleave, type Measured } from './harness/rounds.ts'
import { rounded } from './harness/statistics.ts'
import { postCase, type Case } from './submit/cases.ts'
import { signInGuests } from './submit/guests.ts'

const root = join(import.meta.dirname, '..')

interface Scale {
  readonly guests: number
  readonly connections: number
  readonly rounds: number
  readonly durationMs: number
}
const scales: Record<'real' | 'smoke', Scale> = {
  real: { guests: 160, connections: 16, rounds: 5, durationMs: 4_000 },
  smoke: { guests: 8, connections: 4, rounds: 1, durationMs: 200 },
}

const ways = ['nothing', 'logs', 'recorder', 'unsampled', 'tenth', 'all'] as const
type Way = (typeof ways)[number]

const titles: Record<Way, string> = {
  nothing: 'nothing',
  logs: 'ids and logs',
  recorder: 'and the flight recorder',
  unsampled: 'and spans, unsampled',
  tenth: 'and spans, 10 % sampled',
  all: 'everything, to a collector',
}

/** Takes whatever is exported, and answers at once. */
const startSink = async (): Promise<{ url: string; stop(): Promise<void> }> => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const stop = (): Promise<void> => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(() => resolve()))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}

const environmentsOf = (endpoint: string): Record<Way, Record<string, string>> => {
  const noRecorder = { FLIGHT_RECORDER_REQUEST_LINES: '0' }
  const traces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/v1/traces`, OTEL_LOGS_EXPORTER: 'none' }
  const spans = { ...traces, OTEL_METRICS_EXPORTER: 'none' }
  return {
    nothing: { ...noRecorder, LOG_LEVEL: 'silent' },
    logs: noRecorder,
    recorder: {},
    unsampled: { ...spans, OTEL_TRACES_SAMPLER: 'parentbased_always_off' },
    tenth: { ...spans, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' },
    all: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
  }
}

const cpuOf = ({ gatewayCpuUs = Number.NaN, progressCpuUs = Number.NaN }: Measured): number =>
  gatewayCpuUs + progressCpuUs

const resultOf = (medians: Record<Way, Measured>, { rounds }: Scale): BenchResult => {
  const ratio = (way: Way): number => cpuOf(medians[way]) / cpuOf(medians.logs)
  const columns = ['gateway CPU µs', 'progress CPU µs', 'together', 'of ids and logs', 'requests/s', 'p50 ms']
  return {
    tables: [
      {
        title: `CPU a request, medians of ${rounds} interleaved rounds`,
        columns,
        rows: ways.map(way => {
          const { gatewayCpuUs = 0, progressCpuUs = 0, perSecond = 0, p50Ms = 0 } = medians[way]
          return [titles[way], gatewayCpuUs, progressCpuUs, cpuOf(medians[way]), ratio(way), perSecond, p50Ms] as const
        }),
      },
    ],
    figures: Object.fromEntries(
      ways.map(way => [way, { cpuUs: rounded(cpuOf(medians[way])), ofIdsAndLogs: rounded(ratio(way)) }]),
    ),
    bars: { recorderFifteenPercent: ratio('recorder') <= 1.15, unsampledThirtyFivePercent: ratio('unsampled') <= 1.35 },
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
    const server = open(await providePostgres({ directory, env: {}, say, maxConnections: 300 }))
    const environments = environmentsOf(open(await startSink()).url)
    const start = async (way: Way): Promise<Case> => {
      const place = { root, directory, serverUrl: server.url, name: `telemetry_${way}` }
      const stack = open(await startEdgeStack({ ...place, environment: environments[way] }))
      const tokens = (await signInGuests(stack.gatewayUrl, scale.guests)).map(guest => guest.token)
      const { connections } = scale
      const post = open(await postCase({ stack, postgres: {}, tokens, connections, eventsEach: 1 }))
      await post.round(scale.durationMs / 2)
      return post
    }
    const cases = {} as Record<Way, Case>
    for (const way of ways) cases[way] = await start(way)
    const rounds = Object.fromEntries(
      ways.map(way => [way, (): Promise<Measured> => cases[way].round(scale.durationMs)]),
    ) as Record<Way, () => Promise<Measured>>
    return resultOf(await interleave(rounds, scale.rounds, done => say(`round ${done} of ${scale.rounds}`)), scale)
  } finally {
    for (const one of opened.toReversed()) await one.stop()
  }
}

export const bench: Bench = { name: 'telemetry', run }
