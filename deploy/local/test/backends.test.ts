// Private Postgres, NATS and Redis, really started; and the ones that a URL names.
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { Client } from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { provideBackends } from '../src/provision/backends.ts'
import { thisMachine } from '../src/provision/machine.ts'
import { provideNats } from '../src/provision/nats.ts'
import { type PostgresOptions, providePostgres } from '../src/provision/postgres.ts'
import { removeWithTwin, twinOf } from '../src/provision/postgres-home.ts'
import { provideRedis } from '../src/provision/redis.ts'
import { natsAnswers, postgresAnswers, redisAnswers } from '../src/provision/answers.ts'
import { runTool } from '../src/provision/run-tool.ts'
import type { Backend } from '../src/provision/start-server.ts'
import { bareMachine, writeProgram } from './programs-for-tests.ts'
import { testDirectory } from './test-directory.ts'

const silent = (): void => undefined
const isRoot = process.getuid?.() === 0

const query = async (url: string, text: string): Promise<unknown[]> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

const postgresIn = (directory: string, changes: Partial<PostgresOptions> = {}): Promise<Backend> =>
  providePostgres({ directory, env: {}, say: silent, durable: false, ...changes })

const withoutPassword = (url: string): string => url.replace(/\/\/[^@]*@/, '//')

const psOf = async (pid: number, column: string): Promise<string> =>
  (await runTool('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)], { env: process.env })).stdout.trim()

/** As in slim images. */
const hidePs = (directory: string): void => {
  const programs = join(directory, 'bin')
  for (const name of ['id', 'sh']) writeProgram(programs, name, [`PATH=/usr/bin:/bin exec ${name} "$@"`])
  vi.stubEnv('PATH', programs)
  onTestFinished(() => void vi.unstubAllEnvs())
}

describe('a private Postgres', () => {
  it('keeps its data over a stop and over a kill -9', async () => {
    const directory = testDirectory()
    const first = await postgresIn(directory, { durable: true, maxConnections: 20 })
    await query(first.url, 'create table kept (value text)')
    await query(first.url, `insert into kept values ('before the stop')`)
    expect(await query(first.url, 'show fsync')).toEqual([{ fsync: 'on' }])
    expect(await query(first.url, 'show max_connections')).toEqual([{ max_connections: '20' }])
    await first.stop()
    expect(existsSync(join(directory, 'processes.json'))).toBe(false)

    const second = await postgresIn(directory, { durable: true })
    await query(second.url, `insert into kept values ('before the kill')`)
    process.kill(second.server?.pid ?? 0, 'SIGKILL')
    await second.server?.exited
    await second.server?.restart()
    await second.server?.ready({ withinMs: 5_000 })
    expect(await query(second.url, 'select value from kept')).toHaveLength(2)
  })

  it('knows UTF-8, has checksums, and can be told not to sync', async () => {
    const { url } = await postgresIn(testDirectory())
    expect(await query(url, 'show server_encoding')).toEqual([{ server_encoding: 'UTF8' }])
    expect(await query(url, 'show data_checksums')).toEqual([{ data_checksums: 'on' }])
    expect(await query(url, 'show fsync')).toEqual([{ fsync: 'off' }])
  })

  it('listens on loopback TCP alone and keeps its password off the command line', async () => {
    const directory = testDirectory()
    const { url, server } = await postgresIn(directory)
    const { password, port } = new URL(url)
    expect(await psOf(server?.pid ?? 0, 'command')).not.toContain(password)
    expect(statSync(join(directory, 'secrets.json')).mode & 0o777).toBe(0o600)
    expect(await query(url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
    await expect(postgresAnswers(`postgresql://cairn:wrong@127.0.0.1:${port}/postgres`)).rejects.toThrow('password')
  })

  it('throws away what an interrupted first start left', async () => {
    const directory = testDirectory()
    mkdirSync(join(directory, 'postgres', 'data.partial'), { recursive: true })
    const { url } = await postgresIn(directory)
    await expect(postgresAnswers(url)).resolves.toBeUndefined()
  })

  it('stops a postmaster of its own that no ledger knows', async () => {
    const directory = testDirectory()
    const first = await postgresIn(directory)
    if (process.platform === 'linux') hidePs(directory)
    const second = await postgresIn(directory)
    expect(await first.server?.exited).toMatchObject({ code: 0 })
    await expect(postgresAnswers(second.url)).resolves.toBeUndefined()
  })

  it.runIf(isRoot)('runs as an unprivileged user when started by root', async () => {
    const { server } = await postgresIn(testDirectory())
    expect(['postgres', 'nobody']).toContain(await psOf(server?.pid ?? 0, 'user'))
  })
})

describe.runIf(isRoot)('a directory that the unprivileged user cannot enter', () => {
  const closedDirectory = (): string => {
    const closed = join(testDirectory(), 'closed')
    mkdirSync(closed, { mode: 0o700 })
    return closed
  }

  it('has a twin with the binaries and the data, which is found again and goes with it', async () => {
    const directory = join(closedDirectory(), 'stack')
    const twin = twinOf(directory, thisMachine())
    onTestFinished(() => removeWithTwin(directory, thisMachine()))
    const first = await postgresIn(directory)
    await query(first.url, 'create table kept ()')
    await first.stop()
    const second = await postgresIn(directory)
    expect(await query(second.url, 'select * from kept')).toEqual([])
    await second.stop()
    expect(statSync(twin)).toMatchObject({ uid: 0 })
    expect(statSync(twin).mode & 0o777).toBe(0o711)
    removeWithTwin(directory, thisMachine())
    expect(existsSync(twin)).toBe(false)
  })

  it('does not use a twin that somebody else could write to', async () => {
    const directory = join(closedDirectory(), 'stack')
    const twin = twinOf(directory, thisMachine())
    onTestFinished(() => removeWithTwin(directory, thisMachine()))
    mkdirSync(twin)
    chmodSync(twin, 0o777)
    await expect(postgresIn(directory)).rejects.toThrow(`${twin} was not made by Cairn`)
  })

  it('is named with the chmod that mends it when the twin is closed as well', async () => {
    const closed = closedDirectory()
    const machine = { ...thisMachine(), sharedDirectory: closed }
    const starting = postgresIn(join(closed, 'stack'), { machine })
    await expect(starting).rejects.toThrow(`type: chmod o+x ${closed}`)
  })
})

describe('a private NATS', () => {
  it('has JetStream and 2 MB payloads, and lets nobody in without the password', async () => {
    const directory = testDirectory()
    const { url, server } = await provideNats({ directory, env: {}, say: silent })
    const { username: user, password: pass, host } = new URL(url)
    const connection = await connect({ servers: host, user, pass })
    expect(connection.info).toMatchObject({ jetstream: true, max_payload: 2_097_152 })
    await connection.close()
    await expect(natsAnswers(withoutPassword(url))).rejects.toThrow('Authorization Violation')
    expect(await psOf(server?.pid ?? 0, 'command')).not.toContain(pass)
    expect(statSync(join(directory, 'nats.conf')).mode & 0o777).toBe(0o600)
  })
})

describe('a private Redis', () => {
  it('answers with its password only', async () => {
    const directory = testDirectory()
    const { url } = await provideRedis({ directory, env: {}, say: silent })
    await redisAnswers(url)
    await expect(redisAnswers(withoutPassword(url))).rejects.toThrow('NOAUTH')
    expect(statSync(join(directory, 'redis.conf')).mode & 0o777).toBe(0o600)
  })

  it('is found on its port again after a crash', async () => {
    const { url, server } = await provideRedis({ directory: testDirectory(), env: {}, say: silent })
    process.kill(server?.pid ?? 0, 'SIGKILL')
    await server?.restart()
    await server?.ready({ withinMs: 5_000 })
    await expect(redisAnswers(url)).resolves.toBeUndefined()
  })

  it('lives beside others that start at the same time', async () => {
    const directories = Array.from({ length: 6 }, testDirectory)
    const all = await Promise.all(directories.map(directory => provideRedis({ directory, env: {}, say: silent })))
    await Promise.all(all.map(({ url }) => redisAnswers(url)))
    expect(new Set(all.map(({ url }) => new URL(url).port)).size).toBe(6)
  })
})

describe('servers that URLs name', () => {
  it('are used, and neither started nor stopped', async () => {
    const theirs = await provideBackends({ directory: testDirectory(), env: {}, say: silent, durable: false })
    const { databaseUrl, natsUrl, redisUrl } = theirs
    const env = { DATABASE_URL: databaseUrl, NATS_URL: natsUrl, REDIS_URL: redisUrl }
    const ours = await provideBackends({ directory: testDirectory(), env, say: silent })
    expect(ours).toMatchObject({ databaseUrl, natsUrl, redisUrl, processes: [] })
    await ours.stop()
    await Promise.all([postgresAnswers(databaseUrl), natsAnswers(natsUrl), redisAnswers(redisUrl)])
  })

  it('are named when they refuse the login', async () => {
    const { url } = await provideRedis({ directory: testDirectory(), env: {}, say: silent })
    const env = { REDIS_URL: url.replace(/:[^:@]*@/, ':hush@') }
    const failure = await provideRedis({ directory: testDirectory(), env, say: silent }).catch(String)
    expect(failure).toContain(`REDIS_URL names ${new URL(url).host}, which cannot be used: the login was refused`)
    expect(failure).not.toContain('hush')
  })

  it.each([
    ['DATABASE_URL', 'postgresql://me:hush@127.0.0.1:1/x', providePostgres],
    ['NATS_URL', 'nats://me:hush@127.0.0.1:1', provideNats],
    ['REDIS_URL', 'redis://:hush@127.0.0.1:1', provideRedis],
  ])('are named when they do not answer: %s', async (name, url, provide) => {
    const failure = await provide({ directory: testDirectory(), env: { [name]: url }, say: silent }).catch(String)
    expect(failure).toContain(`${name} names 127.0.0.1:1`)
    expect(failure).not.toContain('hush')
  })
})

describe('all three together', () => {
  it('are all stopped when one cannot be had', async () => {
    const directory = testDirectory()
    const machine = bareMachine(directory)
    const providing = provideBackends({ directory, machine, env: {}, say: silent, durable: false })
    await expect(providing).rejects.toThrow('nats-server')
    expect(existsSync(join(directory, 'processes.json'))).toBe(false)
  })

  it('stop when the start is interrupted', async () => {
    const directory = testDirectory()
    const interrupt = new AbortController()
    const say = silent
    const onReady = (): void => interrupt.abort()
    const providing = provideBackends({ directory, env: {}, say, signal: interrupt.signal, onReady, durable: false })
    await expect(providing).rejects.toThrow('aborted')
    expect(existsSync(join(directory, 'processes.json'))).toBe(false)
  })
})
