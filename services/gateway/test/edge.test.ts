// What the edge does by itself: ids, errors of every origin, limits, admission, owners that fail, shutting down.
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Bus, route, serve, type Handler } from '@cairn/bus'
import {
  CairnError,
  problemContentType,
  readDenials,
  readKeySet,
  refreshSession,
  signInAsGuest,
  type KeySet,
} from '@cairn/contracts'
import { readEnvironment, type Environment } from '@cairn/runtime'
import {
  assertIncidentsKept,
  call,
  captureLogs,
  eventually,
  incidentEnvironment,
  ownMs,
  sharedRedis,
  startTestBus,
} from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gatewayVariables } from '../src/config.ts'
import { startGateway, type RunningGateway } from '../src/service.ts'

const key = { kid: 'k', kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', x: 'A'.repeat(43) } as const
const keys: KeySet = { keys: [key] }
const logs = captureLogs()
let server: Awaited<ReturnType<typeof startTestBus>>
let owner: Bus
let gateway: RunningGateway
let url: string
let refresh: Handler<typeof refreshSession>
let guest: Handler<typeof signInAsGuest>
let incidents: Environment

const start = async (environment: Environment = {}): Promise<void> => {
  const config = readEnvironment(gatewayVariables, {
    NODE_ENV: 'test',
    NATS_URL: server.url,
    ...sharedRedis(),
    USER_HASH_KEY: Buffer.alloc(32).toString('base64url'),
    GATEWAY_HOST: '127.0.0.1',
    GATEWAY_PORT: '0',
    GATEWAY_OPS_PORT: '0',
    GATEWAY_DRAIN_NOTICE_MS: '0',
    DRAIN_WINDOW_MS: '1000',
    GATEWAY_REQUEST_TIMEOUT_MS: '1000',
    ...incidents,
    ...environment,
  })
  gateway = await startGateway(config, logs.loggerFor('gateway'))
  url = `http://127.0.0.1:${gateway.port}`
  await eventually(async () => expect((await call(url, '/readyz')).status).toBe(200))
}

beforeEach(async () => {
  server = await startTestBus()
  incidents = incidentEnvironment()
  owner = await Bus.connect({ url: server.url, name: 'owner', logger: logs.loggerFor('owner') })
  refresh = () => Promise.reject(new CairnError('token_invalid'))
  guest = () => Promise.reject(new CairnError('unavailable'))
  serve(owner, {
    owner: 'auth',
    hashUser: String,
    handlerTimeoutMs: 2_000,
    routes: [
      route(readKeySet, async () => keys),
      route(readDenials, async () => ({ sessions: [], users: [], next_cursor: null })),
      route(refreshSession, (payload, about) => refresh(payload, about)),
      route(signInAsGuest, (payload, about) => guest(payload, about)),
    ],
  })
  await owner.nats.flush()
})
afterEach(async () => {
  await gateway.stop()
  await assertIncidentsKept(url, { natsUrl: server.url, spool: incidents['INCIDENT_SPOOL_DIRECTORY'] ?? '' })
  await owner.drain(100)
  await server.stop()
})

const post = (path: string, body: unknown, headers = {}) =>
  call(url, `/api/v1${path}`, { method: 'POST', body, headers })

/** Bytes as they are, and everything that comes back until the connection ends. */
const raw = (bytes: string): Promise<string> => {
  const socket = connect(gateway.port, '127.0.0.1', () => socket.write(bytes))
  return text(socket)
}

describe('a request id', () => {
  it('is ours; the one a client sends is only noted', async () => {
    await start()
    const answer = await call(url, '/nowhere', { headers: { 'x-request-id': 'from-the-client' } })
    expect(answer.headers.get('x-request-id')).not.toBe('from-the-client')
    await eventually(() =>
      expect(logs.lines.some(line => line.includes('"client_request_id":"from-the-client"'))).toBe(true),
    )
    await call(url, '/nowhere', { headers: { 'x-request-id': '<script>' } })
    expect(logs.lines.join()).not.toContain('<script>')
  })

  it.each([
    ['malformed HTTP', 'NONSENSE\r\n\r\n', 400],
    ['a head that is too large', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(17_000)}\r\n\r\n`, 431],
    ['a URL that cannot be read', 'GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400],
    ['no host', 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['an unknown expectation', 'GET /x HTTP/1.1\r\nhost: x\r\nexpect: tea\r\nconnection: close\r\n\r\n', 404],
  ])('is there for %s', async (_what, bytes, status) => {
    await start()
    const answer = await raw(bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer.toLowerCase()).toMatch(/x-request-id: [\w-]{22}/)
    expect(answer).toContain(`"status":${status}`)
  })
})

describe('bodies', () => {
  it.each([
    ['not JSON', '{"a":1,}', 400, 'invalid_request'],
    ['an array', '[]', 400, 'invalid_request'],
    ['an unknown field', '{"refresh_token":"x","more":1}', 400, 'invalid_request'],
    ['a wrong type', '{"refresh_token":5}', 400, 'invalid_request'],
    ['a prototype', '{"refresh_token":"x","__proto__":{"admin":true}}', 400, 'invalid_request'],
    ['nothing', '', 400, 'invalid_request'],
  ])('%s: refused with a code', async (_what, body, status, code) => {
    await start()
    const answer = await post('/auth/refresh', body)
    expect(answer).toMatchObject({ status, body: { code, type: `https://cairn.dev/errors/${code}` } })
    expect(answer.headers.get('content-type')).toBe(problemContentType)
  })

  it('faults are named by field', async () => {
    await start()
    expect((await post('/auth/refresh', { refresh_token: 5 })).body).toMatchObject({
      errors: [{ path: '/refresh_token' }],
    })
  })

  it('of another type or too large are 415 and 413', async () => {
    await start({ GATEWAY_MAX_BODY_BYTES: '1024' })
    expect((await post('/auth/refresh', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(
      415,
    )
    expect((await post('/auth/refresh', 'x'.repeat(1_025))).status).toBe(413)
  })

  it('may be left out where they are optional', async () => {
    await start()
    guest = async payload => Promise.reject(new CairnError('unavailable', { detail: JSON.stringify(payload) }))
    expect((await call(url, '/api/v1/auth/guest', { method: 'POST' })).body).toMatchObject({ detail: '{}' })
  })
})

describe('an owner', () => {
  it('that refuses is heard in its own words', async () => {
    await start()
    refresh = () => Promise.reject(new CairnError('rate_limited', { retryAfterSeconds: 9 }))
    const answer = await post('/auth/refresh', { refresh_token: 'x' })
    expect(answer).toMatchObject({ status: 429, body: { retry_after: 9 } })
    expect(answer.headers.get('retry-after')).toBe('9')
  })

  it('that breaks is 500 with an incident and nothing else', async () => {
    await start()
    refresh = () => Promise.reject(new Error('SELECT secret FROM sessions'))
    const answer = await post('/auth/refresh', { refresh_token: 'x' })
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal' } })
    expect(JSON.stringify(answer.body)).not.toContain('SELECT')
    expect(logs.lines.some(line => line.includes(String(answer.body['incident_id'])))).toBe(true)
  })

  it('that is slow or gone is 503, never 504', async () => {
    await start()
    refresh = () => new Promise(() => undefined)
    const slow = await post('/auth/refresh', { refresh_token: 'x' })
    expect(slow).toMatchObject({ status: 503, body: { code: 'unavailable', retry_after: 1 } })
    const gone = await call(url, '/api/v1/progress/changes?since=-1', { token: 'x' })
    expect(gone.status).toBe(401)
  })

  it('cannot be reached without the bus: 503 at once, and again 200 by itself', async () => {
    await start()
    if (server.server === undefined) return
    process.kill(server.server.pid, 'SIGKILL')
    // A probe's answer is nobody's error, and has its incident all the same: `call` looks.
    await eventually(async () => expect((await call(url, '/readyz')).status).toBe(503))
    const refused = async (): Promise<void> =>
      expect((await post('/auth/refresh', { refresh_token: 'x' })).status).toBe(503)
    expect(await ownMs(refused)).toBeLessThan(500)
    await server.server.restart()
    await eventually(async () => expect((await post('/auth/refresh', { refresh_token: 'x' })).status).toBe(401), 10_000)
  })
})

describe('access', () => {
  it.each([undefined, 'Basic YTpi', 'Bearer', 'Bearer a b', `Bearer ${'x'.repeat(9_000)}`, 'bearer abc'])(
    'with %j is 401, the same body',
    async authorization => {
      await start()
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const answer = await call(url, '/api/v1/progress?time_zone=%00', { headers })
      expect(answer).toMatchObject({ status: 401, body: { code: 'token_invalid', title: 'The token is not valid' } })
      expect(answer.body).not.toHaveProperty('detail')
      expect(answer.headers.get('www-authenticate')).toContain('invalid_token')
    },
  )

  it('is for those who are in time: beyond the bound of requests at once, 503', async () => {
    await start({ GATEWAY_MAX_IN_FLIGHT: '1' })
    let release = (): void => undefined
    refresh = () => new Promise((_resolve, reject) => (release = () => reject(new CairnError('token_invalid'))))
    const first = post('/auth/refresh', { refresh_token: 'x' })
    await eventually(() => expect(owner.inFlight.count).toBe(1))
    await eventually(async () => expect((await post('/auth/refresh', { refresh_token: 'x' })).status).toBe(503))
    release()
    expect((await first).status).toBe(401)
  })
})

describe('shutting down', () => {
  it('says first that it is not ready, and serves on as long as balancers may take to see that', async () => {
    await start({ GATEWAY_DRAIN_NOTICE_MS: '1500' })
    const stopping = gateway.stop()
    const [ready, served] = [await call(url, '/readyz'), await call(url, '/.well-known/jwks.json')]
    expect([ready.status, served.status]).toEqual([503, 200])
    expect(served.headers.get('connection')).toBe('close')
    await stopping
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
    await start()
  })

  it('finishes what is in flight and refuses what comes after', async () => {
    await start()
    let release = (): void => undefined
    refresh = () => new Promise((_resolve, reject) => (release = () => reject(new CairnError('token_invalid'))))
    const inFlight = post('/auth/refresh', { refresh_token: 'x' })
    await eventually(() => expect(owner.inFlight.count).toBe(1))
    const stopping = gateway.stop()
    release()
    const answer = await inFlight
    expect([answer.status, answer.headers.get('connection')]).toEqual([401, 'close'])
    await stopping
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
    await start()
  })

  it('answers 503 with ids and closes, where a request was already on its way', async () => {
    await start()
    let release = (): void => undefined
    refresh = () => new Promise((_resolve, reject) => (release = () => reject(new CairnError('token_invalid'))))
    const inFlight = post('/auth/refresh', { refresh_token: 'x' })
    await eventually(() => expect(owner.inFlight.count).toBe(1))
    const late = connect(gateway.port, '127.0.0.1')
    const answered = text(late)
    await once(late, 'connect')
    late.write('GET /healthz HTTP/1.1\r\nhost: x\r\n')
    await eventually(() => expect(late.bytesWritten).toBeGreaterThan(0))
    const stopping = gateway.stop()
    late.write('\r\n')
    const answer = await answered
    expect(answer).toMatch(/^HTTP\/1.1 503 /)
    expect(answer.toLowerCase()).toMatch(
      /connection: close[^]*x-request-id: [\w-]{22}|x-request-id: [\w-]{22}[^]*connection: close/,
    )
    expect(answer).toMatch(/"incident_id":"inc_[0-9A-Z]{26}"/)
    release()
    expect((await inFlight).status).toBe(401)
    await stopping
    await start()
  })
})
