// A gateway between a real NATS and Redis, with owners whose answers each test chooses: what the edge does, and nobody else.
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Bus, route, serve, type Handler } from '@cairn/bus'
import { CairnError, type Operation } from '@cairn/contracts'
import * as contracts from '@cairn/contracts'
import { noTelemetry, readEnvironment, type Environment, type Telemetry } from '@cairn/runtime'
import {
  call,
  captureLogs,
  createTokenIssuer,
  eventually,
  incidentEnvironment,
  sharedRedis,
  startTestBus,
  type Answer,
  type Call,
  type CapturedLogs,
} from '@cairn/testkit'
import { expect } from 'vitest'
import { gatewayVariables } from '../src/config.ts'
import { routes } from '../src/routes/index.ts'
import { startGateway, type RunningGateway } from '../src/service.ts'

export interface Edge {
  readonly url: string
  readonly gateway: RunningGateway
  readonly bus: Awaited<ReturnType<typeof startTestBus>>
  readonly logs: CapturedLogs
  /** The environment the gateway was started with. */
  readonly environment: Environment
  /** A token of that user; `claims` win. */
  token(userId: string, claims?: Readonly<Record<string, unknown>>): string
  call<Body = Record<string, unknown>>(path: string, options?: Call): Promise<Answer<Body>>
  /** Bytes as they are, and everything that comes back until the connection ends. */
  raw(bytes: string): Promise<string>
  /** What the owner answers from now on; `unavailable` until said. */
  answer<O extends Operation>(operation: O, handler: Handler<O>): void
  /** Another gateway on the same bus and Redis. */
  another(environment?: Environment): Promise<{ url: string; gateway: RunningGateway }>
  stop(): Promise<void>
}

/** For a gateway that counts by itself from the start. */
export const unreachableRedis = 'redis://127.0.0.1:1'

const issuer = createTokenIssuer()
const noDenials = { sessions: [], users: [], next_cursor: null }

const owners = (bus: Bus, answers: Map<string, Handler<Operation>>): void => {
  const operations = [...Object.values(routes).map(one => one.operation), contracts.readDenials]
  for (const owner of ['auth', 'progress'] as const) {
    const own = operations.filter(one => one.owner === owner)
    serve(bus, {
      owner,
      hashUser: String,
      handlerTimeoutMs: 5_000,
      routes: own.map(operation =>
        route(operation, (payload, about) => {
          const handler = answers.get(operation.subject)
          return handler === undefined ? Promise.reject(new CairnError('unavailable')) : handler(payload, about)
        }),
      ),
    })
  }
}

/** Resolves when the gateway is ready. */
export const startEdge = async (changes: Environment = {}, telemetry: Telemetry = noTelemetry): Promise<Edge> => {
  const logs = captureLogs('debug', telemetry)
  const server = await startTestBus()
  const owner = await Bus.connect({ url: server.url, name: 'owners', logger: logs.loggerFor('owner') })
  const answers = new Map<string, Handler<Operation>>()
  answers.set(contracts.readKeySet.subject, async () => issuer.keySet)
  answers.set(contracts.readDenials.subject, async () => noDenials)
  owners(owner, answers)
  await owner.nats.flush()
  const environment = {
    NODE_ENV: 'test',
    NATS_URL: server.url,
    ...sharedRedis(),
    ...incidentEnvironment(),
    // A busy machine is no lost Redis: those who test that set it back.
    REDIS_TIMEOUT_MS: '5000',
    USER_HASH_KEY: Buffer.alloc(32).toString('base64url'),
    OPS_HOST: '127.0.0.1',
    GATEWAY_HOST: '127.0.0.1',
    GATEWAY_PORT: '0',
    GATEWAY_OPS_PORT: '0',
    GATEWAY_DRAIN_NOTICE_MS: '0',
    DRAIN_WINDOW_MS: '500',
    ...changes,
  }
  const running: RunningGateway[] = []
  const another: Edge['another'] = async (more = {}) => {
    const config = readEnvironment(gatewayVariables, { ...environment, ...more })
    const gateway = await startGateway(config, logs.loggerFor('gateway'))
    running.push(gateway)
    const url = `http://127.0.0.1:${gateway.port}`
    const redis = { ...changes, ...more }['REDIS_URL'] !== unreachableRedis
    await eventually(async () =>
      expect(await call(url, '/readyz')).toMatchObject({ status: 200, body: { dependencies: { redis } } }),
    )
    return { url, gateway }
  }
  const { url, gateway } = await another()
  const stop = async (): Promise<void> => {
    await Promise.all(running.map(one => one.stop()))
    await owner.drain(100)
    await server.stop()
  }
  return {
    url,
    gateway,
    bus: server,
    logs,
    environment,
    token: (userId, claims) => issuer.token(userId, claims),
    call: (path, options) => call(url, path, options),
    raw: bytes => {
      const socket = connect(gateway.port, '127.0.0.1', () => socket.write(bytes))
      return text(socket)
    },
    answer: (operation, handler) => void answers.set(operation.subject, handler),
    another,
    stop,
  }
}
