// Gateway, auth and progress as processes of their own, with a NATS, a Redis and a database of their own on a server that is shared: as many
// of them side by side as a benchmark compares.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { gatewayVariables } from '@cairn/gateway/config'
import { deriveNatsUrl, freePort, provideRedis } from '@cairn/local'
import { startProcess, type BenchProcess } from './child-process.ts'
import { createMigratedDatabase, provideProvisionedNats } from '@cairn/testkit/fleet'
import { cpuMsOf } from './process-cpu.ts'

export interface EdgeStackOptions {
  readonly root: string
  readonly directory: string
  /** The administrator's, of the PostgreSQL server; a database is made there. */
  readonly serverUrl: string
  readonly name: string
  /** On top of what every process needs. */
  readonly environment?: Readonly<Record<string, string>>
}

export interface EdgeStack {
  readonly gatewayUrl: string
  /** As the migrator. */
  readonly databaseUrl: string
  readonly authDatabaseUrl: string
  readonly natsUrl: string
  readonly masterKey: Buffer
  /** What every process of the stack has in its environment: for starting more of them. */
  readonly environment: Readonly<Record<string, string>>
  /** Milliseconds of CPU so far, by process. */
  readonly cpu: Readonly<Record<'gateway' | 'auth' | 'progress' | 'nats' | 'redis', () => number>>
  stop(): Promise<void>
}

/** The least a process needs, production mode aside: that would insist on Apple. */
const commonEnvironment = (natsUrl: string, redisUrl: string, spool: string): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  NODE_ENV: 'development',
  LOG_LEVEL: 'info',
  OPS_HOST: '127.0.0.1',
  NATS_URL: natsUrl,
  REDIS_URL: redisUrl,
  USER_HASH_KEY: randomBytes(32).toString('base64url'),
  DRAIN_WINDOW_MS: '500',
  INCIDENT_SPOOL_DIRECTORY: spool,
})

/** As itself on the bus, with the permissions it has in production. */
const asService = (service: string, environment: Readonly<Record<string, string>>): Record<string, string> => ({
  ...environment,
  NATS_URL: deriveNatsUrl(environment['NATS_URL'] ?? '', service),
})

interface Place {
  readonly root: string
  readonly common: Readonly<Record<string, string>>
}

const startAuth = async ({ root, common }: Place, databaseUrl: string, masterKey: Buffer): Promise<BenchProcess> => {
  const port = String(await freePort())
  const environment = {
    ...common,
    AUTH_OPS_PORT: port,
    AUTH_DATABASE_URL: databaseUrl,
    AUTH_MASTER_KEY: masterKey.toString('base64url'),
    APPLE_ISSUERS: 'http://127.0.0.1:9',
    APPLE_KEYS_URL: 'http://127.0.0.1:9/auth/keys',
    APPLE_CLIENT_IDS: 'app.cairn.bench',
    APPLE_TEAM_ID: 'BENCHTEAM0',
  }
  return startProcess(root, {
    script: 'services/auth/src/main.ts',
    environment: asService('auth', environment),
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  })
}

const startProgress = async ({ root, common }: Place, databaseUrl: string): Promise<BenchProcess> => {
  const port = String(await freePort())
  return startProcess(root, {
    script: 'services/progress/src/main.ts',
    environment: asService('progress', { ...common, PROGRESS_OPS_PORT: port, PROGRESS_DATABASE_URL: databaseUrl }),
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  })
}

/** Counted, and never reached. */
const wideLimits = Object.fromEntries(
  Object.values(gatewayVariables)
    .filter(({ name }) => /^GATEWAY_LIMIT_.*(ADDRESS|SUBJECT|SESSION|USER)$/.test(name))
    .map(({ name }) => [name, '100000000']),
)

const startGateway = async ({ root, common }: Place): Promise<BenchProcess & { url: string }> => {
  const [port, opsPort] = [String(await freePort()), String(await freePort())]
  const listening = {
    GATEWAY_HOST: '127.0.0.1',
    GATEWAY_PORT: port,
    GATEWAY_OPS_PORT: opsPort,
    GATEWAY_DRAIN_NOTICE_MS: '0',
  }
  const environment = { ...common, ...wideLimits, ...listening }
  const url = `http://127.0.0.1:${port}`
  const started = await startProcess(root, {
    script: 'services/gateway/src/main.ts',
    environment: asService('gateway', environment),
    readyUrl: `${url}/readyz`,
  })
  return { ...started, url }
}

export const startEdgeStack = async (options: EdgeStackOptions): Promise<EdgeStack> => {
  const { root, directory, serverUrl, name, environment = {} } = options
  const database = await createMigratedDatabase(root, { serverUrl, name, passwordSeed: 'bench' })
  const { databaseUrl, authDatabaseUrl, progressDatabaseUrl } = database
  const place = { directory: join(directory, name), env: {}, say: () => undefined }
  const [nats, redis] = await Promise.all([provideProvisionedNats(place), provideRedis(place)])
  const running: { stop(): Promise<void> }[] = [nats, redis]
  const stop = async (): Promise<void> => {
    for (const one of running.toReversed()) await one.stop()
  }
  try {
    const masterKey = randomBytes(32)
    const spool = join(directory, name, 'incidents')
    const common = { ...commonEnvironment(nats.url, redis.url, spool), ...environment }
    const services = { root, common }
    const auth = await startAuth(services, authDatabaseUrl, masterKey)
    running.push(auth)
    const progress = await startProgress(services, progressDatabaseUrl)
    running.push(progress)
    const gateway = await startGateway(services)
    running.push(gateway)
    const [natsPid, redisPid] = [nats.server?.pid ?? 0, redis.server?.pid ?? 0]
    const cpu = {
      gateway: () => cpuMsOf(gateway.pid),
      auth: () => cpuMsOf(auth.pid),
      progress: () => cpuMsOf(progress.pid),
      nats: () => cpuMsOf(natsPid),
      redis: () => cpuMsOf(redisPid),
    }
    return {
      gatewayUrl: gateway.url,
      databaseUrl,
      authDatabaseUrl,
      natsUrl: nats.url,
      masterKey,
      environment: common,
      cpu,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
