// The gateway's own server with a layer more each time, the later ones stood in for: what each layer costs. `LAYER` is one of
// `bare`, `ids`, `hooks`, `token`, `limits`, `records`, `bus`; run by the benchmark `edge` as a process of its own.
import { Bus } from '@cairn/bus'
import { createAddressReader, startRateLimits, type Limiter } from '@cairn/edge'
import { createLogger, HealthState, Incidents, readEnvironment, userHasher } from '@cairn/runtime'
import { startTokenGuard, type TokenGuard } from '@cairn/tokens'
import Fastify, { type FastifyInstance } from 'fastify'
import { gatewayVariables, type GatewayConfig } from '../src/config.ts'
import type { GatewayContext } from '../src/context.ts'
import { createOwners, type Ask } from '../src/http/owners.ts'
import { registerRequestScope } from '../src/http/request-scope.ts'
import { createServer } from '../src/http/server.ts'
import { createLimits } from '../src/limits/gateway-limits.ts'

const layers = ['bare', 'ids', 'hooks', 'token', 'limits', 'records', 'bus'] as const
type Layer = (typeof layers)[number]

const layer = process.env['LAYER'] as Layer
/** Whether the server has that layer, being one that comes later or is the same. */
const has = (wanted: Layer): boolean => layers.indexOf(layer) >= layers.indexOf(wanted)

const snapshot = JSON.parse(process.env['ANSWER'] ?? '{}') as object
const config = readEnvironment(gatewayVariables, process.env)
const tag = 'bench'
/** By status: what the gateway's own answers have besides; bare Fastify answers the same bytes. */
const headers = JSON.parse(process.env['ANSWER_HEADERS'] ?? '{}') as Readonly<Record<number, Record<string, string>>>

const answerDirectly = (server: FastifyInstance): void => {
  server.get('/readyz', async () => ({ ready: true }))
  server.get('/api/v1/progress', (request, reply) => {
    reply.header('etag', `W/"${tag}"`)
    const status = request.headers['if-none-match'] === undefined ? 200 : 304
    reply.headers(headers[status] ?? {})
    return status === 200 ? reply.send(snapshot) : reply.code(status).send()
  })
}

const claims = {
  userId: '0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11',
  sessionId: '0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f12',
  tokenId: 'bench',
  issuedAt: 0,
  expiresAt: Number.MAX_SAFE_INTEGER,
}

/** Stand-ins that cost nothing. */
const anybody = { ready: true, verified: () => claims } as unknown as TokenGuard
const verdict = {
  policy: { name: 'free', points: 1, windowSeconds: 60 },
  allowed: true,
  remaining: 1,
  resetSeconds: 60,
}
const unlimited: Limiter = {
  consume: async () => verdict,
  reserve: async () => ({ verdict, settle: async () => undefined }),
  peek: async () => verdict,
}
const answerAtOnce: Ask = async (_operation, { payload }) => {
  const { known = [] } = payload as { known?: readonly string[] }
  return { tag, snapshot: known.includes(tag) ? null : snapshot } as never
}

const buildServer = async (all: GatewayConfig): Promise<FastifyInstance> => {
  const limits = has('records') ? all : { ...all, flightRecorderRequestLines: 0 }
  const logger = createLogger({ service: 'gateway', level: 'info', limits })
  const addressOf = createAddressReader([])
  if (!has('hooks')) {
    const server = Fastify()
    if (has('ids')) registerRequestScope(server, { logger, addressOf } as unknown as GatewayContext)
    answerDirectly(server)
    return server
  }
  const bus = await Bus.connect({ url: all.natsUrl, name: 'gateway', logger, incidentsPerSecond: 1 })
  const guard = has('token') ? await startTokenGuard({ bus, logger, config: all, requestTimeoutMs: 5_000 }) : anybody
  const counted = startRateLimits({ config: all, logger })
  const shared = has('limits') ? createLimits(counted, all) : undefined
  const owners = createOwners({ bus, timeoutMs: 5_000, mostInFlight: 1_000 })
  const health = new HealthState({ tokens: () => guard.ready, redis: () => counted.shared })
  const context: GatewayContext = {
    ask: has('bus') ? owners.ask : answerAtOnce,
    guard,
    health,
    logger,
    incidents: new Incidents(logger, 1),
    hashUser: userHasher(all.userHashKey),
    limits: shared ?? ({ address: unlimited, user: unlimited } as unknown as GatewayContext['limits']),
    addressOf,
  }
  return createServer(context, all)
}

const server = await buildServer(config)
process.on('SIGTERM', () => process.exit(0))
await server.listen({ port: config.port, host: '127.0.0.1' })
