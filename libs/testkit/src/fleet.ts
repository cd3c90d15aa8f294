// The whole stack as processes, as many replicas of each service as wanted, on a NATS and a Redis of its own: for tests and
// benchmarks that kill, freeze and restart things. The database is given, migrated.
import { join } from 'node:path'
import { Ledger, provideRedis, startAppleIssuer, type AppleIssuer, type Backend } from '@cairn/local'
import type { Environment } from '@cairn/runtime'
import { FleetMember, type ServiceName } from './fleet-member.ts'
import { assertIncidentsKept } from './noted-incidents.ts'
import { provideProvisionedNats } from './provisioned-nats.ts'
import { serviceEnvironment, testClientId } from './service-environment.ts'

export type { FleetMember, ServerName, ServiceName } from './fleet-member.ts'
export { createMigratedDatabase, type MigratedDatabase } from './migrated-database.ts'
export { provideProvisionedNats } from './provisioned-nats.ts'

export interface FleetOptions {
  /** Holds data, logs and the ledger. */
  readonly directory: string
  /** A migrated database, as its administrator sees it. */
  readonly databaseUrl: string
  /** One of each unless said otherwise. */
  readonly replicas?: Partial<Record<ServiceName, number>>
  readonly environment?: Environment
  /** Each member's ways to NATS, Redis and Postgres are links that can be hurt. */
  readonly linked?: boolean
  /** Given servers win over private ones: NATS_URL and REDIS_URL. */
  readonly given?: Readonly<Record<string, string>>
}

export interface Fleet {
  readonly apple: AppleIssuer
  readonly nats: Backend
  readonly redis: Backend
  readonly databaseUrl: string
  /** Where incidents wait that the bus cannot take. */
  readonly spool: string
  readonly members: readonly FleetMember[]
  of(service: ServiceName): readonly FleetMember[]
  /** The first gateway's. */
  readonly gatewayUrl: string
  stop(): Promise<void>
}

const root = join(import.meta.dirname, '..', '..', '..')
const oneOfEach: Record<ServiceName, number> = { auth: 1, progress: 1, gateway: 1, realtime: 1, janitor: 1 }

const launchMembers = async (
  { directory, replicas = {}, linked = false }: FleetOptions,
  environment: Environment,
): Promise<readonly FleetMember[]> => {
  const ledger = new Ledger(directory)
  const taken = new Set<number>()
  const members: FleetMember[] = []
  const counts = Object.entries({ ...oneOfEach, ...replicas }) as [ServiceName, number][]
  for (const [service, count] of counts) {
    for (let number = 1; number <= count; number += 1) {
      const name = `${service}-${number}`
      members.push(await FleetMember.launch({ service, name, root, directory, ledger, environment, taken, linked }))
    }
  }
  return members
}

/** All of them start at once, on a machine that may have other work too. */
const startedWithinMs = 90_000

const stopAll = async (running: readonly { stop(): Promise<void> }[]): Promise<void> => {
  await Promise.all(running.map(one => one.stop()))
}

/** Resolves when every member is ready. `stop()` leaves no process behind, and the database alone. */
export const startFleet = async (options: FleetOptions): Promise<Fleet> => {
  const { directory, databaseUrl, given = {} } = options
  const provide = { directory, env: given, say: () => undefined }
  const [nats, redis] = await Promise.all([provideProvisionedNats(provide), provideRedis(provide)])
  const apple = await startAppleIssuer({ port: 0, clientIds: [testClientId] })
  const spool = join(directory, 'incidents')
  const urls = { database: databaseUrl, nats: nats.url, redis: redis.url, apple: apple.issuer, spool }
  const environment = serviceEnvironment(urls, options.environment)
  const members = await launchMembers(options, environment)
  const stop = async (): Promise<void> => {
    await stopAll(members)
    try {
      for (const { port } of members) {
        await assertIncidentsKept(`http://127.0.0.1:${port}`, { natsUrl: nats.url, spool: urls.spool })
      }
    } finally {
      await stopAll([apple, nats, redis])
    }
  }
  try {
    await Promise.all(members.map(member => member.ready(startedWithinMs)))
  } catch (error) {
    await stop()
    throw error
  }
  const of = (service: ServiceName): readonly FleetMember[] => members.filter(member => member.service === service)
  const gatewayUrl = `http://127.0.0.1:${of('gateway')[0]?.port ?? 0}`
  return { apple, nats, redis, databaseUrl, spool, members, of, gatewayUrl, stop }
}
