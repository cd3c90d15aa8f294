// No secret reaches anything that is written: secrets are sent through every field that carries one, well and badly formed,
// while things work and while they fail, with logs at debug level; then all that the services wrote is searched for them.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Bus, readIncidents } from '@cairn/bus'
import type { Nonce, Session } from '@cairn/contracts'
import {
  administer,
  call,
  captureLogs,
  createTestDatabase,
  databaseUrlOf,
  eventually,
  orderIdentityToken,
  startCollector,
  startTestRedis,
  type Collector,
  type TestDatabase,
} from '@cairn/testkit'
import { startFleet, type Fleet } from '@cairn/testkit/fleet'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'

const email = 'redaction.proof@example.com'
let database: TestDatabase
let databaseUrl: string
let directory: string
let fleet: Fleet
let collector: Collector
let redis: Awaited<ReturnType<typeof startTestRedis>>
/** Whatever must be nowhere, by what it is. */
const secrets = new Map<string, string>()

beforeAll(async () => {
  const backends = inject('backends')
  database = await createTestDatabase(backends.databaseUrl, backends.template)
  directory = join(backends.directory, database.name)
  databaseUrl = databaseUrlOf(backends.databaseUrl, database.name)
  collector = await startCollector()
  redis = await startTestRedis()
  const redisUrl = new URL(redis.url)
  redisUrl.username = 'default'
  redisUrl.password = secret('password of Redis')
  const environment = {
    REDIS_URL: redisUrl.href,
    LOG_LEVEL: 'debug',
    JANITOR_JITTER_PERCENT: '1',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_BLRP_SCHEDULE_DELAY: '100',
  }
  fleet = await startFleet({ directory, databaseUrl, given: backends.environment, environment })
}, 60_000)
afterAll(async () => {
  await fleet.stop()
  await collector.stop()
  await redis.stop()
  await database.drop()
})

const secret = (what: string, value: string = `${what.replaceAll(' ', '-')}-${randomUUID()}`): string => {
  secrets.set(what, value)
  return value
}

const post = <Body = Record<string, unknown>>(path: string, body: unknown, token?: string) =>
  call<Body>(fleet.gatewayUrl, `/api/v1${path}`, { method: 'POST', body, ...(token === undefined ? {} : { token }) })

const signIn = async (): Promise<Session> => {
  const { nonce } = (await post<Nonce>('/auth/nonce', {})).body
  secret('nonce', nonce)
  const order = { sub: randomUUID(), nonce, email, claims: { email_verified: true } }
  const identityToken = secret('identity token', await orderIdentityToken(fleet.apple.issuer, order))
  const code = secret('authorization code')
  const body = { identity_token: identityToken, nonce, authorization_code: code, device: { name: 'phone' } }
  const session = (await post<Session>('/auth/apple', body)).body
  secret('access token', session.access_token)
  secret('refresh token', session.refresh_token)
  secret('user id', session.user.id)
  secret('e-mail', email)
  return session
}

/** Malformed, of the wrong type, too much, in the wrong place. */
const misuse = async (session: Session): Promise<void> => {
  for (const token of [secret('bad bearer'), `${session.access_token}x`, `${secret('bearer of two')} more`]) {
    await call(fleet.gatewayUrl, '/api/v1/me', { token })
  }
  await post('/auth/refresh', { refresh_token: secret('malformed refresh token') })
  await post('/auth/refresh', { refresh_token: `${session.refresh_token}x` })
  await post('/auth/refresh', `{"refresh_token":"${secret('refresh token in a broken body')}"`)
  await post('/auth/refresh', { refresh_token: { nested: secret('refresh token of a wrong type') } })
  await post('/auth/apple', { identity_token: secret('bad identity token'), nonce: secret('bad nonce') })
  await post('/auth/logout', { refresh_token: secret('refresh token at logout') })
  await call(fleet.gatewayUrl, `/api/v1/me?token=${secret('token in a query')}&access_token=${session.access_token}`)
  await call(fleet.gatewayUrl, `/nowhere/${secret('token in a path')}`)
  const headers = { cookie: secret('cookie'), 'x-request-id': 'well-formed-id' }
  await call(fleet.gatewayUrl, '/api/v1/me', { headers })
}

const useSockets = async (session: Session): Promise<void> => {
  const base = `ws://127.0.0.1:${fleet.of('realtime')[0]?.port ?? 0}/ws/user/${session.user.id}`
  const refused = new WebSocket(`${base}?token=${secret('bad socket token')}`)
  await once(refused, 'error')
  const socket = new WebSocket(`${base}?token=${session.access_token}`)
  await once(socket, 'message')
  socket.send(JSON.stringify({ type: 'token.refresh', data: { token: secret('token in a frame') } }))
  await once(socket, 'close')
}

/** The same again with the tables gone, so that every one of these fails with an incident. */
const fail = async (session: Session): Promise<void> => {
  const rename = (from: string, to: string) => administer(databaseUrl, `ALTER TABLE ${from} RENAME TO ${to}`)
  await rename('auth.sessions', 'sessions_gone')
  await rename('progress.heads', 'heads_gone')
  const refresh = await post('/auth/refresh', { refresh_token: session.refresh_token })
  const event = { event_id: randomUUID(), track_id: 't', item_id: 'i', kind: 'started' }
  const body = { events: [{ ...event, occurred_at: '2026-01-01T00:00:00Z' }] }
  const submit = await post('/progress/events', body, session.access_token)
  await rename('auth.sessions_gone', 'sessions')
  await rename('progress.heads_gone', 'heads')
  expect([refresh.status, submit.status]).toEqual([500, 500])
}

/** Redis takes the password that services know no more, and loses their connections. */
const rotateRedisPassword = async (): Promise<void> => {
  const { hostname, port } = new URL(redis.url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.write(`CONFIG SET requirepass ${randomUUID()}\r\nCLIENT KILL TYPE normal SKIPME yes\r\nQUIT\r\n`)
  await once(socket.resume(), 'close')
  await eventually(() => {
    for (const { name } of [...fleet.of('gateway'), ...fleet.of('realtime')]) {
      expect(readFileSync(join(directory, 'logs', `${name}.log`), 'utf8')).toContain('WRONGPASS')
    }
  }, 10_000)
}

const incidentsAsText = async (): Promise<string> => {
  const bus = await Bus.connect({ url: fleet.nats.url, name: 'proof', logger: captureLogs().loggerFor('proof') })
  const reader = await readIncidents(bus)
  const texts = await eventually(async () => {
    const latest = await reader.latest(50)
    expect(latest.length).toBeGreaterThanOrEqual(2)
    return Promise.all(latest.map(async ({ incident_id: id }) => JSON.stringify(await reader.partsOf(id))))
  }, 10_000)
  await bus.drain(100)
  return texts.join('\n')
}

it('nothing that is secret is in a log, an incident, a metric or an export', async () => {
  const session = await signIn()
  await misuse(session)
  await useSockets(session)
  await fail(session)
  await rotateRedisPassword()
  const incidents = await incidentsAsText()
  const logs = join(directory, 'logs')
  const written = readdirSync(logs).map(file => readFileSync(join(logs, file), 'utf8'))
  const metrics = await Promise.all(fleet.members.map(async one => (await fetch(`${one.opsUrl}/metrics`)).text()))
  await eventually(() => expect(collector.logs).toContain('request failed'), 10_000)
  const exported = JSON.stringify([collector.spans, collector.logs])
  const everything = [...written, incidents, ...metrics, exported].join('\n')
  expect(everything).toMatch(/"answered"/)
  expect(everything).toMatch(/"user_hash":"[0-9a-f]{16}"/)
  const found = [...secrets].filter(([, value]) => everything.includes(value)).map(([what]) => what)
  expect(found).toEqual([])
}, 60_000)
