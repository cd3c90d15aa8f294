// Staged failures, with every service a process of its own: the id in the client's answer leads the command to the cause, in
// its first five lines, with the records of every service that took part.
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Bus, publish } from '@cairn/bus'
import { userDeletedSubject, type Session } from '@cairn/contracts'
import { deriveNatsUrl, deriveServiceUrls, providePostgres, type Backend } from '@cairn/local'
import { findOwners, migrate } from '@cairn/postgres/migrate'
import { administer, call, captureLogs, eventually, type Answer } from '@cairn/testkit'
import { startFleet, type Fleet, type ServiceName } from '@cairn/testkit/fleet'
import pg from 'pg'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const statementTimeoutMs = 1_500
let directory: string
let postgres: Backend
let databaseUrl: string
let fleet: Fleet
let session: Session

beforeAll(async () => {
  directory = join(inject('backends').directory, `incidents-${randomUUID()}`)
  mkdirSync(directory, { recursive: true })
  postgres = await providePostgres({ directory, env: {}, say: () => undefined, durable: false })
  const url = new URL(postgres.url)
  url.pathname = '/cairn_incidents'
  databaseUrl = url.href
  await administer(postgres.url, 'CREATE DATABASE cairn_incidents')
  const { authDatabaseUrl, progressDatabaseUrl } = deriveServiceUrls(databaseUrl, 'tests')
  const environment = { AUTH_DATABASE_URL: authDatabaseUrl, PROGRESS_DATABASE_URL: progressDatabaseUrl }
  const owners = findOwners(join(root, 'services'), databaseUrl, environment)
  await migrate({ databaseUrl, owners, say: () => undefined })
  fleet = await startFleet({
    directory: join(directory, 'fleet'),
    databaseUrl,
    environment: {
      JANITOR_EXPIRED_NONCES_EVERY_MS: '1000',
      NODE_OPTIONS: `--import=${join(root, 'e2e', 'fixtures', 'crash-on-write.ts')}`,
      PROGRESS_STATEMENT_TIMEOUT_MS: String(statementTimeoutMs),
      PROGRESS_LOCK_TIMEOUT_MS: '2400',
      PROGRESS_HANDLER_TIMEOUT_MS: '2500',
      GATEWAY_REQUEST_TIMEOUT_MS: '3000',
    },
  })
}, 90_000)
afterAll(async () => {
  await fleet.stop()
  await postgres.stop()
})
const signIn = (): Promise<Session> =>
  eventually(async () => {
    const { status, body } = await call<Session>(fleet.gatewayUrl, '/api/v1/auth/guest', { method: 'POST' })
    expect(status).toBe(200)
    return body
  }, 20_000)
beforeEach(async () => {
  session = await signIn()
})

const write = (trackId = 't'): Promise<Answer<Record<string, unknown>>> => {
  const event = { event_id: randomUUID(), track_id: trackId, item_id: 'i', kind: 'started' }
  const body = { events: [{ ...event, occurred_at: '2026-01-01T00:00:00Z' }] }
  return call(fleet.gatewayUrl, '/api/v1/progress/events', { method: 'POST', token: session.access_token, body })
}

const runCommand = (args: string[], environment: Record<string, string> = {}): Promise<{ code: number; out: string }> =>
  new Promise(resolve => {
    const env = { PATH: process.env['PATH'] ?? '', NATS_URL: deriveNatsUrl(fleet.nats.url, 'operator'), ...environment }
    const command = [join(root, 'commands', 'incident.ts'), ...args]
    execFile(process.execPath, command, { cwd: directory, env, timeout: 30_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: stdout + stderr }),
    )
  })

/** What the command says of the incident: its first five lines, and which services' records it has. */
const expectCause = async (
  incidentId: unknown,
  cause: { lines: readonly RegExp[]; services: readonly string[] },
): Promise<void> => {
  const { code, out } = await runCommand([String(incidentId)])
  expect(code).toBe(0)
  const head = out.split('\n').slice(0, 5).join('\n')
  for (const line of cause.lines) expect(head).toMatch(line)
  const json = JSON.parse((await runCommand([String(incidentId), '--json'])).out) as {
    timeline: { service: string }[]
    waterfall: { service: string }[]
  }
  const services = [...json.timeline, ...json.waterfall].map(entry => entry.service)
  expect(new Set(services)).toEqual(new Set(cause.services))
}

const memberOf = (service: ServiceName) => {
  const [member] = fleet.of(service)
  if (member === undefined) throw new Error(`no ${service}`)
  return member
}

const logOf = (member: string): string => readFileSync(join(directory, 'fleet', 'logs', `${member}.log`), 'utf8')
/** Of the first line with the text and an incident, in the part of the log after so much of it. */
const incidentOfLine = (member: string, text: string, after = 0): Promise<string> =>
  eventually(() => {
    const line = logOf(member)
      .slice(after)
      .split('\n')
      .find(one => one.includes(text) && one.includes('incident_id'))
    expect(line).toBeDefined()
    return (JSON.parse(line ?? '{}') as { incident_id: string }).incident_id
  }, 20_000)

const writesAgain = (): Promise<void> => eventually(async () => expect((await write()).status).toBe(200), 20_000)

it('PostgreSQL stopped in the middle of a write', async () => {
  await writesAgain()
  const blocker = new pg.Client({ connectionString: databaseUrl })
  blocker.on('error', () => undefined)
  await blocker.connect()
  await blocker.query('BEGIN; LOCK TABLE progress.heads IN ACCESS EXCLUSIVE MODE')
  const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'progress'`
  const watcher = new pg.Client({ connectionString: databaseUrl })
  watcher.on('error', () => undefined)
  await watcher.connect()
  const answer = write()
  await eventually(async () => expect((await watcher.query(waiting)).rowCount).toBeGreaterThan(0))
  process.kill(postgres.server?.pid ?? 0, 'SIGQUIT')
  const { status, body } = await answer
  expect(status).toBe(503)
  await postgres.server?.restart()
  await expectCause(body['incident_id'], {
    lines: [/progress: .*(terminat|crash|ECONN|closed)/i, /in the SQL statement [\w-]+/],
    services: ['gateway', 'progress'],
  })
}, 60_000)

it('a handler that throws', async () => {
  await writesAgain()
  await administer(databaseUrl, 'ALTER TABLE progress.heads RENAME TO heads_that_are_gone')
  const { status, body } = await write()
  await administer(databaseUrl, 'ALTER TABLE progress.heads_that_are_gone RENAME TO heads')
  expect(status).toBe(500)
  await expectCause(body['incident_id'], {
    lines: [/progress: .*relation "progress.heads" does not exist \[42P01\]/, /in the SQL statement [\w-]+/],
    services: ['gateway', 'progress'],
  })
  const { out } = await runCommand([String(body['incident_id'])])
  expect(out).toMatch(
    /gateway +debug +asks the owner +operation=request\.progress\.log\.submit\.v1 left=\[{"policy":"address",/,
  )
  expect(out).toMatch(/progress +debug +events wait to be committed +events=1 unreadable=0 waiting_events=0/)
}, 60_000)

it('a statement that takes too long', async () => {
  await writesAgain()
  const blocker = new pg.Client({ connectionString: databaseUrl })
  await blocker.connect()
  await blocker.query('BEGIN; LOCK TABLE progress.heads IN ACCESS EXCLUSIVE MODE')
  const { status, body } = await write()
  await blocker.query('ROLLBACK')
  await blocker.end()
  expect(status).toBe(503)
  await expectCause(body['incident_id'], {
    lines: [/progress: .*statement timeout \[57014\]/, /in the SQL statement [\w-]+/],
    services: ['gateway', 'progress'],
  })
}, 60_000)

it('a bus timeout: the owner does not answer', async () => {
  await writesAgain()
  memberOf('progress').freeze()
  const { status, body } = await write()
  memberOf('progress').thaw()
  expect(status).toBe(503)
  await writesAgain()
  await expectCause(body['incident_id'], {
    lines: [
      /gateway: .*request\.progress\.log\.submit\.v1: no reply in time; NATS at [\w.:]+ answers, the owner does not/,
    ],
    services: ['gateway', 'progress'],
  })
}, 60_000)

it('PostgreSQL frozen: which one, for how long, and in which statement', async () => {
  await writesAgain()
  const looking = new pg.Client({ connectionString: databaseUrl })
  await looking.connect()
  const { rows } = await looking.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'progress'`,
  )
  await looking.end()
  const frozen = [postgres.server?.pid ?? 0, ...rows.map(({ pid }) => pid)]
  for (const pid of frozen) process.kill(pid, 'SIGSTOP')
  const { status, body } = await write().finally(() => frozen.forEach(pid => process.kill(pid, 'SIGCONT')))
  expect(status).toBe(503)
  const { host, pathname } = new URL(databaseUrl)
  await expectCause(body['incident_id'], {
    lines: [
      new RegExp(`progress: .*PostgreSQL at ${host}${pathname} has not answered for ${statementTimeoutMs + 250} ms`),
      /in the SQL statement [\w-]+/,
    ],
    services: ['gateway', 'progress'],
  })
  await writesAgain()
}, 60_000)

it('NATS frozen: that it is the bus, and no slow owner', async () => {
  await writesAgain()
  const pid = fleet.nats.server?.pid ?? 0
  process.kill(pid, 'SIGSTOP')
  const { status, body } = await write().finally(() => process.kill(pid, 'SIGCONT'))
  expect(status).toBe(503)
  await writesAgain()
  await expectCause(body['incident_id'], {
    lines: [/gateway: .*no reply in time; NATS at [\w.:]+ has not answered a ping for \d+ ms either/],
    services: ['gateway', 'progress'],
  })
}, 60_000)

it('a crash while handling', async () => {
  await writesAgain()
  const { status, body } = await write('crash-while-writing')
  expect(status).toBe(503)
  await memberOf('progress').restart()
  await expectCause(body['incident_id'], {
    lines: [/progress: .*a fault that nobody foresaw/, /while: uncaught exception/],
    services: ['gateway', 'progress'],
  })
  await writesAgain()
}, 60_000)

it('a relay that cannot empty its outbox: the same', async () => {
  await writesAgain()
  const before = logOf('progress-1').length
  process.kill(postgres.server?.pid ?? 0, 'SIGQUIT')
  const incidentId = await incidentOfLine('progress-1', 'could not be published', before)
  await postgres.server?.restart()
  await expectCause(incidentId, {
    lines: [/progress: .*(terminat|crash|ECONN|closed|not queryable)/i, /while: could not be published/],
    services: ['progress'],
  })
  await writesAgain()
}, 60_000)

it('a poisoned message: its incident is in the log, for nobody waits for an answer', async () => {
  const bus = await Bus.connect({ url: fleet.nats.url, name: 'poison', logger: captureLogs().loggerFor('poison') })
  const userId = randomUUID()
  publish(bus, userDeletedSubject(userId), { user_id: 'nobody' })
  await bus.nats.flush()
  const incidentId = await incidentOfLine('progress-1', '"consumer":"progress_erase_user"')
  await bus.drain(100)
  await expectCause(incidentId, {
    lines: [/progress: .*an event about a deleted user names none/],
    services: ['progress'],
  })
}, 60_000)

it('a job: its incident is in the log of the janitor', async () => {
  const before = logOf('janitor-1').length
  await administer(databaseUrl, 'ALTER TABLE auth.nonces RENAME TO nonces_that_are_gone')
  const incidentId = await incidentOfLine('janitor-1', '"job":"expired-nonces"', before)
  await administer(databaseUrl, 'ALTER TABLE auth.nonces_that_are_gone RENAME TO nonces')
  await expectCause(incidentId, {
    lines: [/auth: .*relation "auth.nonces" does not exist \[42P01\]/],
    services: ['janitor', 'auth'],
  })
}, 60_000)

it('a socket: what it asked for cannot be read, and it is told of the incident when it is sent away', async () => {
  await writesAgain()
  const realtime = memberOf('realtime')
  const address = `ws://127.0.0.1:${realtime.port}/ws/user/${session.user.id}?token=${session.access_token}`
  const socket = new WebSocket(address)
  const frames: { type: string; data: { epoch?: string; incident_id?: string } }[] = []
  socket.on('message', bytes => frames.push(JSON.parse((bytes as Buffer).toString()) as (typeof frames)[number]))
  await eventually(() => expect(frames[0]?.type).toBe('session.ready'), 10_000)
  const before = logOf('realtime-1').length
  await administer(databaseUrl, 'ALTER TABLE progress.events RENAME TO events_that_are_gone')
  socket.send(JSON.stringify({ type: 'resume', data: { epoch: frames[0]?.data.epoch, seq: 0 } }))
  const incidentId = await incidentOfLine('realtime-1', 'catch up with a log', before)
  const restarted = realtime.restart()
  await eventually(() => expect(frames.at(-1)?.type).toBe('session.closing'), 10_000)
  await administer(databaseUrl, 'ALTER TABLE progress.events_that_are_gone RENAME TO events')
  await restarted
  expect(frames.at(-1)?.data.incident_id).toBe(incidentId)
  await expectCause(incidentId, {
    lines: [/progress: .*relation "progress.events" does not exist \[42P01\]/, /in the SQL statement [\w-]+/],
    services: ['realtime', 'progress'],
  })
}, 60_000)

it('Redis gone: nobody is told of a failure, and the log says what happened', async () => {
  const { redis } = fleet
  process.kill(redis.server?.pid ?? 0, 'SIGKILL')
  await eventually(async () => {
    expect((await write()).status).toBe(200)
    expect(logOf('gateway-1').slice(-20_000)).toMatch(/redis/i)
  }, 20_000)
  await redis.server?.restart()
}, 60_000)

interface Disk {
  readonly name: string
  /** Makes that place take nothing; returns what undoes it. */
  readonly fill: (place: string) => () => void
}

/** Of the rights of root, the one to mount. */
const mayMount = spawnSync('unshare', ['--mount', 'true']).status === 0
const unwritable: Disk = {
  name: 'takes nothing',
  fill: place => {
    writeFileSync(place, 'a file, where a directory should be')
    return () => undefined
  },
}
const full: Disk = {
  name: 'is full',
  fill: place => {
    mkdirSync(place, { mode: 0o700 })
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'none', place])
    expect(() => writeFileSync(join(place, 'filler'), Buffer.alloc(1_000_000))).toThrow('ENOSPC')
    return () => void execFileSync('umount', ['--lazy', place])
  },
}

it.each(mayMount ? [unwritable, full] : [unwritable])(
  'the bus gone, and a disk that $name: the id resolves once the bus is back',
  async ({ fill }) => {
    const spool = join(directory, 'fleet', 'incidents')
    const { server } = fleet.nats
    rmSync(spool, { recursive: true, force: true })
    const undo = fill(spool)
    try {
      process.kill(server?.pid ?? 0, 'SIGKILL')
      const failed = await eventually(async () => {
        const answer = await write()
        expect(answer.status).toBe(503)
        return answer
      })
      await server?.restart()
      await expectCause(failed.body['incident_id'], {
        lines: [/gateway: .*(not connected to the bus|the connection to the bus was lost)/],
        services: ['gateway'],
      })
      await writesAgain()
    } finally {
      undo()
    }
  },
  60_000,
)

it('an id that is unknown, expired or none at all: one line, and exit 1', async () => {
  for (const id of ['inc_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'inc_', 'x; rm -rf /']) {
    const { code, out } = await runCommand([id])
    expect(code).toBe(1)
    expect(out.trim().split('\n')).toHaveLength(1)
  }
  expect((await runCommand(['inc_01ARZ3NDEKTSV4RRFFQ69G5FAV'])).out).toContain('kept for 14 days')
}, 30_000)

it('lists the latest, and those of one user for whoever holds the key', async () => {
  await administer(databaseUrl, 'ALTER TABLE progress.heads RENAME TO heads_that_are_gone')
  const { body } = await write()
  await administer(databaseUrl, 'ALTER TABLE progress.heads_that_are_gone RENAME TO heads')
  const key = { USER_HASH_KEY: Buffer.alloc(32, 'u').toString('base64url') }
  const id = String(body['incident_id'])
  await eventually(async () => expect((await runCommand(['list'])).out).toContain(id), 10_000)
  expect((await runCommand(['list', '--user', session.user.id], key)).out).toContain(id)
  expect((await runCommand(['list', '--user', randomUUID()], key)).out).toBe('no incidents\n')
  expect(await runCommand(['list', '--user', session.user.id])).toMatchObject({ code: 1 })
  const html = await runCommand([id, '--html'], { INCIDENT_TRACE_URL: 'https://traces.example.com/{trace_id}' })
  expect(html).toMatchObject({ code: 0, out: `written to ${id}.html\n` })
  const page = readFileSync(join(directory, `${id}.html`), 'utf8')
  expect(page).toMatch(/<svg.*heads.*https:\/\/traces\.example\.com\/[0-9a-f]{32}|https:\/\/traces.*<svg/s)
  expect(page).not.toMatch(/<script|src=|href=/)
}, 60_000)
