// The three back ends together: each given by a URL or private, started in parallel, all or none.
import { LocalStackError } from '../local-stack-error.ts'
import type { ManagedProcess } from '../processes/managed-process.ts'
import { type Answer, natsAnswers, postgresAnswers, redisAnswers } from './answers.ts'
import { checkGivenUrl } from './given-url.ts'
import { thisMachine } from './machine.ts'
import { provideNats } from './nats.ts'
import { type PostgresOptions, providePostgres } from './postgres.ts'
import { type FoundProgram, findPrograms, type ProgramName } from './programs.ts'
import { provideRedis } from './redis.ts'
import { type Backend, type BackendName, givenBackend } from './start-server.ts'

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

type Given = ReadonlyMap<BackendName, string>

const sources: readonly { name: BackendName; variable: string; answers: Answer; program?: ProgramName }[] = [
  { name: 'postgres', variable: 'DATABASE_URL', answers: postgresAnswers },
  { name: 'nats', variable: 'NATS_URL', answers: natsAnswers, program: 'nats-server' },
  { name: 'redis', variable: 'REDIS_URL', answers: redisAnswers, program: 'redis-server' },
]

/** Those that a URL names, each asked whether it answers. Throws one `LocalStackError` with all that do not. */
const checkGiven = async (env: BackendsOptions['env']): Promise<Given> => {
  const given = new Map<BackendName, string>()
  const checks = sources.flatMap(({ name, variable, answers }) => {
    const url = env[variable] ?? ''
    if (url === '') return []
    given.set(name, url)
    return [checkGivenUrl(variable, url, answers)]
  })
  const faults = (await Promise.allSettled(checks)).flatMap(result =>
    result.status === 'rejected' ? [(result.reason as Error).message] : [],
  )
  if (faults.length > 0) throw new LocalStackError(faults.join('\n'))
  return given
}

const searchAll = (options: BackendsOptions, given: Given): Promise<ReadonlyMap<ProgramName, FoundProgram>> => {
  const { say, signal, machine = thisMachine() } = options
  const missing = sources.flatMap(({ name, program }) => (program === undefined || given.has(name) ? [] : [program]))
  return findPrograms(missing, { machine, say, signal })
}

const provideOne = async (name: BackendName, options: BackendsOptions, given: Given): Promise<Backend> => {
  const url = given.get(name)
  const provide = { postgres: providePostgres, nats: provideNats, redis: provideRedis }[name]
  const startedAt = performance.now()
  const backend = url === undefined ? await provide(options) : givenBackend(name, url)
  options.onReady?.(backend, performance.now() - startedAt)
  return backend
}

/** Throws the first failure once everything that did start is stopped again. */
export const provideBackends = async (options: BackendsOptions): Promise<Backends> => {
  const given = await checkGiven(options.env)
  options.signal?.throwIfAborted()
  const searched = searchAll(options, given)
  const started = await Promise.allSettled([
    provideOne('postgres', options, given),
    searched.then(programs => provideOne('nats', { ...options, programs }, given)),
    searched.then(programs => provideOne('redis', { ...options, programs }, given)),
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
