// The whole stack in one process: real services, real servers, free ports, a database of its own. What a test wants to be
// different it says in the terms an operator would use: environment variables.
import { join } from 'node:path'
import { authVariables } from '@cairn/auth/config'
import { startAuth } from '@cairn/auth/service'
import { gatewayVariables } from '@cairn/gateway/config'
import { startGateway } from '@cairn/gateway/service'
import { janitorVariables } from '@cairn/janitor/config'
import { startJanitor } from '@cairn/janitor/service'
import { deriveNatsUrl, startAppleIssuer, type AppleIssuer, type Backend } from '@cairn/local'
import { progressVariables } from '@cairn/progress/config'
import { startProgress } from '@cairn/progress/service'
import { realtimeVariables } from '@cairn/realtime/config'
import { startRealtime } from '@cairn/realtime/service'
import { readEnvironment, type Environment, type RunningService } from '@cairn/runtime'
import { inject } from 'vitest'
import { startTestBus } from './buses.ts'
import { captureLogs, type CapturedLogs } from './captured-logs.ts'
import { createTestDatabase, databaseUrlOf } from './databases.ts'
import { eventually } from './eventually.ts'
import type { ServiceName } from './fleet-member.ts'
import { assertIncidentsKept } from './noted-incidents.ts'
import { sharedRedis } from './redises.ts'
import { serviceEnvironment, testClientId } from './service-environment.ts'

export type { ServiceName } from './fleet-member.ts'

export interface StackOptions {
  /** On top of what the stack needs, for every service. */
  readonly environment?: Environment
}

export interface Stack {
  readonly gatewayUrl: string
  readonly realtimeUrl: string
  readonly apple: AppleIssuer
  readonly logs: CapturedLogs
  readonly bus: Backend
  /** As the migrator sees it: for looking into tables. */
  readonly databaseUrl: string
  /** The environment the services were started with. */
  readonly environment: Environment
  /** Stops one service; the others go on without it. */
  stopService(name: ServiceName): Promise<void>
  stop(): Promise<void>
}

const startServices = async (shared: Environment, logs: CapturedLogs) => {
  const environmentOf = (service: ServiceName): Environment => ({
    ...shared,
    NATS_URL: deriveNatsUrl(shared['NATS_URL'] ?? '', service),
  })
  const [auth, progress] = await Promise.all([
    startAuth(readEnvironment(authVariables, environmentOf('auth')), logs.loggerFor('auth')),
    startProgress(readEnvironment(progressVariables, environmentOf('progress')), logs.loggerFor('progress')),
  ])
  const [gateway, realtime, janitor] = await Promise.all([
    startGateway(readEnvironment(gatewayVariables, environmentOf('gateway')), logs.loggerFor('gateway')),
    startRealtime(readEnvironment(realtimeVariables, environmentOf('realtime')), logs.loggerFor('realtime')),
    startJanitor(readEnvironment(janitorVariables, environmentOf('janitor')), logs.loggerFor('janitor')),
  ])
  return { gateway, realtime, janitor, auth, progress }
}

const becomesReady = (opsPort: number): Promise<void> =>
  eventually(async () => {
    const response = await fetch(`http://127.0.0.1:${opsPort}/readyz`)
    const report = await response.text()
    if (!response.ok) throw new Error(`not ready: ${report}`)
  }, 20_000)

/** Starts everything and resolves when both doors are ready. `stop()` leaves nothing behind. */
export const startStack = async (options: StackOptions = {}): Promise<Stack> => {
  const backends = inject('backends')
  const [database, bus] = await Promise.all([
    createTestDatabase(backends.databaseUrl, backends.template),
    startTestBus(),
  ])
  const apple = await startAppleIssuer({ port: 0, clientIds: [testClientId] })
  const databaseUrl = databaseUrlOf(backends.databaseUrl, database.name)
  const { REDIS_URL: redis, ...prefix } = sharedRedis()
  const spool = join(backends.directory, `incidents-${database.name}`)
  const environment = serviceEnvironment(
    { database: databaseUrl, nats: bus.url, redis, apple: apple.issuer, spool },
    { ...prefix, ...options.environment },
  )
  const logs = captureLogs()
  const services = await startServices(environment, logs)
  await Promise.all([services.gateway, services.realtime].map(({ opsPort }) => becomesReady(opsPort)))
  const running = new Map<ServiceName, RunningService>(Object.entries(services) as [ServiceName, RunningService][])
  const stopService = async (name: ServiceName): Promise<void> => {
    const service = running.get(name)
    running.delete(name)
    await service?.stop()
  }
  const gatewayUrl = `http://127.0.0.1:${services.gateway.port}`
  const stop = async (): Promise<void> => {
    await Promise.all([...running.keys()].map(stopService))
    try {
      await assertIncidentsKept(gatewayUrl, { natsUrl: bus.url, spool })
    } finally {
      await apple.stop()
      await bus.stop()
      await database.drop()
    }
  }
  return {
    gatewayUrl,
    realtimeUrl: `http://127.0.0.1:${services.realtime.port}`,
    apple,
    logs,
    bus,
    databaseUrl,
    environment,
    stopService,
    stop,
  }
}
