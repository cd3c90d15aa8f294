// The three back ends together: each given by a URL or private, started in parallel, all or none.
import type { BackendName } from './start-server.ts'
import type { Backend } from './start-server.ts'
import type { ManagedProcess } from '../processes/managed-process.ts'
import { thisMachine } from './machine.ts'
import { provideNats } from './nats.ts'
import { type PostgresOptions, providePostgres } from './postgres.ts'
import { type FoundProgram, findPrograms, type ProgramName } from './programs.ts'
import { provideRedis } from './redis.ts'

export interface Backends {
  readonly databaseUrl: string
  readonly natsUrl: string
  readonly redisUrl: string
  /** Those that are ours; none for a URL that was given. */
  readonly processes: readonly ManagedProcess[]
  stop(): Promise<void>
}

export interface BackendsOptions extends PostgresOptions {
  /** Called as each one is there. */
  readonly onReady?: (backend: Backend, tookMs: number) => void
}

const isGiven = (value: string | undefined): boolean => value !== undefined && value !== ''

const searchAll = (options: BackendsOptions): Promise<ReadonlyMap<ProgramName, FoundProgram>> => {
  const { env, say, signal, machine = thisMachine() } = options
  const missing: ProgramName[] = []
  if (!isGiven(env['NATS_URL'])) missing.push('nats-server')
  if (!isGiven(env['REDIS_URL'])) missing.push('redis-server')
  return findPrograms(missing, { machine, say, signal })
}

const provideOne = async (name: BackendName, options: BackendsOptions): Promise<Backend> => {
  const provide = { postgres: providePostgres, nats: provideNats, redis: provideRedis }[name]
  const startedAt = performance.now()
  const backend = await provide(options)
  options.onReady?.(backend, performance.now() - startedAt)
  return backend
}

/** Throws the first failure once everything that did start is stopped again. */
export const provideBackends = async (options: BackendsOptions): Promise<Backends> => {
  const searched = searchAll(options)
  const started = await Promise.allSettled([
    provideOne('postgres', options),
    searched.then(programs => provideOne('nats', { ...options, programs })),
    searched.then(programs => provideOne('redis', { ...options, programs })),
  ])
  const backends = started.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  const stop = async (): Promise<void> => {
    await Promise.all(backends.map(backend => backend.stop()))
  }
  const failure = started.find(result => result.status === 'rejected')
  const [postgres, nats, redis] = backends
  if (failure !== undefined || postgres === undefined || nats === undefined || redis === undefined) {
    await stop()
    throw failure?.reason
  }
  const processes = backends.flatMap(({ server }) => (server === undefined ? [] : [server]))
  return { databaseUrl: postgres.url, natsUrl: nats.url, redisUrl: redis.url, processes, stop }
}
