// `npm run bench -- edge`: what each layer of the gateway costs, in CPU, for the cheapest request there is: an authenticated
// `GET /progress`, answered 304 and answered whole, beside bare Fastify with the same bytes.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Bus, route, serve } from '@cairn/bus'
import { readDenials, readKeySet, readSnapshot, type Snapshot } from '@cairn/contracts'
import { freePort, provideRedis } from '@cairn/local'
import { createLogger } from '@cairn/runtime'
import { provideProvisionedNats } from '@cairn/testkit/fleet'
import { startBareJose } from '../libs/tokens/bench/bare-jwt-verify.ts'
import type { GetOrder, GetSetup } from './edge/get-load.ts'
import type { Bench, BenchContext, BenchResult } from './harness/bench.ts'
import { startProcess } from './harness/child-process.ts'
import type { LoadResult } from './harness/load.ts'
import { startLoadProcess } from './harness/load-process.ts'
import { withCpu } from './harness/measured-load.ts'
import { cpuMsOf } from './harness/process-cpu.ts'
import { interleave, type Measured } from './harness/rounds.ts'
import { rounded } from './harness/statistics.ts'

const root = join(import.meta.dirname, '..')
const path = '/api/v1/progress'
const workers = 32
const aim = 2.5
const tag = 'bench'

/** Each with all before it. */
const layers = {
  bare: 'bare Fastify, the same bytes',
  ids: '+ ids, trace context, a line in the log',
  hooks: '+ CORS, admission, schemas, security headers',
  token: '+ access token (seen before)',
  limits: '+ limits in Redis, by address and by user',
  records: '+ flight recorder and span',
  bus: '+ the owner over the bus',
} as const
type Layer = keyof typeof layers
const names = Object.keys(layers) as Layer[]
const answers = ['304', '200'] as const
type CaseName = `${Layer} ${(typeof answers)[number]}`

interface Scale {
  readonly rounds: number
  readonly durationMs: number
}
const scales: Record<'real' | 'smoke', Scale> = {
  real: { rounds: 5, durationMs: 2_000 },
  smoke: { rounds: 1, durationMs: 150 },
}

const track = (n: number): Snapshot['tracks'][number] => ({
  track_id: `track-${n}`,
  items: 40,
  completed_items: 20,
  points: 1_000,
  duration_ms: 3_600_000,
  event_count: 200,
  last_at: '2026-03-14T09:26:53.589Z',
})
const snapshot: Snapshot = {
  head: { epoch: '01J9Z3K8Q4', seq: 1_000 },
  totals: {
    tracks: 5,
    items: 200,
    completed_items: 100,
    points: 5_000,
    duration_ms: 1,
    event_count: 1,
    active_days: 30,
  },
  streak: { current: 3, longest: 12, last_day: '2026-03-14', valid_until: '2026-03-15' },
  tracks: Array.from({ length: 5 }, (_one, n) => track(n)),
  next_cursor: null,
}

type Jose = Awaited<ReturnType<typeof startBareJose>>

/** Auth and progress as far as the gateway needs them; their CPU is nobody's here. */
const serveOwners = (bus: Bus, jose: Jose): void => {
  const options = { hashUser: String, handlerTimeoutMs: 5_000 }
  const noDenials = { sessions: [], users: [], next_cursor: null }
  const auth = [route(readKeySet, async () => ({ keys: [jose.publicKey] })), route(readDenials, async () => noDenials)]
  const progress = [
    route(readSnapshot, async ({ known = [] }) => ({ tag, snapshot: known.includes(tag) ? null : snapshot })),
  ]
  serve(bus, { ...options, owner: 'auth', routes: auth })
  serve(bus, { ...options, owner: 'progress', routes: progress })
}

type Cleanup = { stop(): Promise<void> }

/** What Node writes by itself, and what every server here writes. */
const ownHeaders = new Set(['date', 'connection', 'keep-alive', 'content-length', 'content-type', 'etag'])

/** By status, as the whole gateway answers: for bare Fastify to answer the same bytes. */
const answerHeaders = async (environment: Readonly<Record<string, string>>, token: string): Promise<string> => {
  const opened: Cleanup[] = []
  try {
    const { url } = await startLayer('records', environment, opened)
    const headersOf = async (tagged: Readonly<Record<string, string>>): Promise<[number, object]> => {
      const { status, headers } = await fetch(url + path, { headers: { authorization: `Bearer ${token}`, ...tagged } })
      return [status, Object.fromEntries([...headers].filter(([name]) => !ownHeaders.has(name)))]
    }
    const all = [await headersOf({}), await headersOf({ 'if-none-match': `W/"${tag}"` })]
    return JSON.stringify(Object.fromEntries(all))
  } finally {
    for (const one of opened) await one.stop()
  }
}

const startLayer = async (layer: Layer, environment: Readonly<Record<string, string>>, opened: Cleanup[]) => {
  const port = String(await freePort())
  const url = `http://127.0.0.1:${port}`
  const body = layer === 'bare' ? { ...snapshot, request_id: 'r'.repeat(22) } : snapshot
  const server = await startProcess(root, {
    script: 'services/gateway/bench/layered-server.ts',
    environment: { ...environment, LAYER: layer, GATEWAY_PORT: port, ANSWER: JSON.stringify(body) },
    readyUrl: `${url}/readyz`,
  })
  opened.push(server)
  return { url, pid: server.pid }
}

interface Place {
  readonly environment: Readonly<Record<string, string>>
  readonly token: string
  readonly opened: Cleanup[]
}

/** Both answers of one layer, each with a load of its own. */
const casesOf = async (layer: Layer, { environment, token, opened }: Place, { durationMs }: Scale) => {
  const { url, pid } = await startLayer(layer, environment, opened)
  const cases: [CaseName, () => Promise<Measured>][] = []
  for (const answer of answers) {
    const tagged = answer === '304' ? { 'if-none-match': `W/"${tag}"` } : {}
    const headers = { authorization: `Bearer ${token}`, ...tagged }
    const setup: GetSetup = { url, workers, path, headers, status: Number(answer) }
    const script = join(import.meta.dirname, 'edge', 'get-load.ts')
    const load = await startLoadProcess<GetOrder, LoadResult>(script, setup)
    opened.push(load)
    await load.ask({ durationMs: durationMs / 2 })
    cases.push([`${layer} ${answer}`, () => withCpu({ gateway: () => cpuMsOf(pid) }, () => load.ask({ durationMs }))])
  }
  return cases
}

const resultOf = (medians: Record<CaseName, Measured>, { rounds }: Scale): BenchResult => {
  const cpu = (layer: Layer, answer: (typeof answers)[number]): number =>
    medians[`${layer} ${answer}`]['cpuUs'] ?? Number.NaN
  const ratio = (layer: Layer, answer: (typeof answers)[number]): number => cpu(layer, answer) / cpu('bare', answer)
  const rows = names.map(layer => {
    const cells = answers.flatMap(answer => [cpu(layer, answer), ratio(layer, answer)])
    return [layers[layer], ...cells] as const
  })
  const figures = answers.map(answer => [
    `answered${answer}`,
    Object.fromEntries(
      names.map(layer => [layer, { cpuUs: rounded(cpu(layer, answer)), ratio: rounded(ratio(layer, answer)) }]),
    ),
  ])
  return {
    tables: [
      {
        title: `edge, ${workers} at once, medians of ${rounds} interleaved rounds`,
        columns: ['304: CPU µs', 'of bare', '200: CPU µs', 'of bare'],
        rows,
      },
    ],
    figures: { ...(Object.fromEntries(figures) as object), aim },
    bars: {
      withoutBus304AtMost2point5OfBare: ratio('records', '304') <= aim,
      withoutBus200AtMost2point5OfBare: ratio('records', '200') <= aim,
    },
  }
}

const run = async ({ smoke, directory, say }: BenchContext): Promise<BenchResult> => {
  const scale = scales[smoke ? 'smoke' : 'real']
  const opened: Cleanup[] = []
  try {
    const servers = { directory: join(directory, 'edge'), env: {}, say }
    const [nats, redis] = await Promise.all([provideProvisionedNats(servers), provideRedis(servers)])
    opened.push(nats, redis)
    const bus = await Bus.connect({
      url: nats.url,
      name: 'owners',
      logger: createLogger({ service: 'bench', level: 'silent' }),
      incidentsPerSecond: 1,
    })
    opened.push({ stop: () => bus.drain(500) })
    const jose = await startBareJose()
    serveOwners(bus, jose)
    const environment = {
      PATH: process.env['PATH'] ?? '',
      NODE_ENV: 'development',
      NATS_URL: nats.url,
      REDIS_URL: redis.url,
      USER_HASH_KEY: randomBytes(32).toString('base64url'),
      GATEWAY_LIMIT_PER_ADDRESS: '100000000',
      GATEWAY_LIMIT_PER_USER: '100000000',
    }
    const token = await jose.sign()
    const bare = { ...environment, ANSWER_HEADERS: await answerHeaders(environment, token) }
    const cases: [CaseName, () => Promise<Measured>][] = []
    for (const layer of names) {
      const place = { environment: layer === 'bare' ? bare : environment, token, opened }
      cases.push(...(await casesOf(layer, place, scale)))
    }
    const all = Object.fromEntries(cases) as Record<CaseName, () => Promise<Measured>>
    const medians = await interleave(all, scale.rounds, done => say(`round ${done} of ${scale.rounds}`))
    return resultOf(medians, scale)
  } finally {
    for (const one of opened.toReversed()) await one.stop()
  }
}

export const bench: Bench = { name: 'edge', run }
