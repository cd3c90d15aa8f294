// What `openapi.yaml` promises happens, all of it, and nothing else: each status of each operation is provoked once, with owners that
// answer its own examples. `call` holds every answer against the document.
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  CairnError,
  errorKinds,
  readKeySet,
  readMe,
  readSnapshot,
  Snapshot,
  type ErrorCode,
  type Operation,
} from '@cairn/contracts'
import { call, contract, eventually, type Answer, type Call } from '@cairn/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEnvironment } from '@cairn/runtime'
import { gatewayVariables } from '../src/config.ts'
import type { GatewayContext } from '../src/context.ts'
import { corsExposedHeaders, corsMethods, corsRequestHeaders } from '../src/http/cross-origin.ts'
import { urlOf, type Route } from '../src/http/route.ts'
import { createServer } from '../src/http/server.ts'
import { buildDocument } from '../src/openapi/document.ts'
import { exampleOf } from '../src/openapi/components.ts'
import { routes } from '../src/routes/index.ts'
import { startEdge, type Edge } from './edge.ts'

const userId = '0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11'
const all: readonly Route[] = Object.values(routes)
let edge: Edge
let token: string

beforeAll(async () => {
  const wide = Object.fromEntries(
    ['PER_ADDRESS', 'FAILURES_PER_ADDRESS', 'SIGN_IN_PER_ADDRESS', 'SIGN_IN_PER_SUBJECT', 'PER_USER'].map(name => [
      `GATEWAY_LIMIT_${name}`,
      '1000000',
    ]),
  )
  edge = await startEdge(wide)
  token = edge.token(userId)
})
afterAll(async () => {
  await edge.stop()
})

const pathOf = (route: Route): string => {
  const params = route.params === undefined ? {} : (exampleOf(route.params) as Record<string, string>)
  const path = urlOf(route).replaceAll(/:(\w+)/g, (_match, name: string) => encodeURIComponent(params[name] ?? ''))
  const query = route.query === undefined ? {} : (exampleOf(route.query) as Record<string, string>)
  const search = new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, value]))
  return search.size === 0 ? path : `${path}?${search.toString()}`
}

type Asked = Answer<Record<string, unknown>>

const ask = (route: Route, changes: Partial<Call> = {}, url = edge.url): Promise<Asked> => {
  const body = route.body === undefined ? {} : { body: exampleOf(route.body) }
  return call(url, pathOf(route), {
    method: route.method,
    ...(route.access === 'open' ? {} : { token }),
    ...body,
    ...changes,
  })
}

/** An answer off the socket, as bytes. */
const expectRaw = (asked: { method: string; path: string; status: number }, answer: string): void => {
  const [line = '', ...rest] = answer.split('\r\n')
  expect(line).toMatch(new RegExp(`^HTTP/1.1 ${asked.status} `))
  const headers = new Headers(rest.slice(0, rest.indexOf('')).map(one => one.split(': ', 2) as [string, string]))
  const body = JSON.parse(rest.at(-1) ?? '') as unknown
  contract.check({ ...asked, path: asked.path.split('?', 1)[0] ?? '', headers, body })
}

const refuse = (operation: Operation, code: ErrorCode): void =>
  edge.answer(operation, () => Promise.reject(new CairnError(code)))

const eachRoute = Object.entries(routes).map(([name, route]) => ({ name, route }))

const answerWell = ({ operation }: Route): void => {
  if (operation === readSnapshot) {
    const snapshot = exampleOf(Snapshot) as unknown as Snapshot
    edge.answer(readSnapshot, async ({ known = [] }) => ({
      tag: 'tag',
      snapshot: known.includes('tag') ? null : snapshot,
    }))
  } else edge.answer(operation, async () => exampleOf(operation.reply) as never)
}

describe.each(eachRoute)('$name', ({ route }) => {
  it('answers its example', async () => {
    answerWell(route)
    expect((await ask(route)).status).toBe(route.success ?? 200)
    const unchanged = await ask(route, { headers: { 'if-none-match': 'W/"tag"' } })
    expect(unchanged.status).toBe(route.entityTag === true ? 304 : (route.success ?? 200))
  })

  it('answers nothing that its schema does not have', async () => {
    edge.answer(route.operation, async () => ({ ...(exampleOf(route.operation.reply) as object), secret: 'x' }))
    if (route.operation === readSnapshot) answerWell(route)
    const { body } = await ask(route)
    expect(JSON.stringify(body ?? {})).not.toContain('secret')
  })

  it('is 400 where its request cannot be read', async () => {
    const asked = { method: route.method, path: pathOf(route), status: 400 }
    expectRaw(asked, await edge.raw(`${route.method} ${pathOf(route)} HTTP/1.1\r\nconnection: close\r\n\r\n`))
  })

  const codes: ErrorCode[] = ['internal', ...(route.refusals ?? [])]
  it.each(codes)('is %s when its owner says so', async code => {
    refuse(route.operation, code)
    expect((await ask(route)).status).toBe(errorKinds[code].status)
    answerWell(route)
  })
})

describe('operations', () => {
  it('that need a token are 401 without', async () => {
    for (const route of all.filter(({ access }) => access !== 'open')) {
      const unnamed = route.namedInBody === undefined ? {} : { body: {} }
      expect((await ask(route, { token: 'bad', ...unnamed })).status).toBe(401)
    }
  })

  it('that take a body refuse another type and too much of it', async () => {
    for (const route of all.filter(({ method }) => method !== 'GET')) {
      const other = { body: 'x', headers: { 'content-type': 'text/plain' } }
      expect((await ask(route, other)).status).toBe(415)
      expect((await ask(route, { body: 'x'.repeat(1_048_577) })).status).toBe(413)
    }
  })

  it('are 429 when there were too many', async () => {
    const tight = await edge.another({ GATEWAY_LIMIT_PER_ADDRESS: '1', REDIS_KEY_PREFIX: `tight-${userId}` })
    await call(tight.url, '/nowhere')
    for (const route of all) expect((await ask(route, {}, tight.url)).status).toBe(429)
  })

  it('are 429 on a connection too many, which no limit has counted', async () => {
    const narrow = await edge.another({ GATEWAY_MAX_CONNECTIONS_PER_ADDRESS: '1' })
    const [idle, refused] = [0, 1].map(() => connect(narrow.gateway.port, '127.0.0.1'))
    expectRaw({ method: 'GET', path: '/api/v1/me', status: 429 }, refused === undefined ? '' : await text(refused))
    idle?.destroy()
  })

  it('and probes are 503 while there is too much to do', async () => {
    const busy = await edge.another({ GATEWAY_MAX_IN_FLIGHT: '1' })
    let release = (): void => undefined
    edge.answer(
      readKeySet,
      () => new Promise((_resolve, reject) => (release = () => reject(new CairnError('internal')))),
    )
    const held = fetch(`${busy.url}/.well-known/jwks.json`)
    await eventually(async () => expect((await call(busy.url, '/healthz')).status).toBe(503))
    for (const route of all) expect((await ask(route, {}, busy.url)).status).toBe(503)
    expect((await call(busy.url, '/readyz')).status).toBe(503)
    release()
    await held
    answerWell(routes['readKeySet'] as Route)
  })

  it('and probes are 431 with too large a head', async () => {
    const headers = { 'x-large': 'x'.repeat(17_000) }
    for (const route of all) expect((await ask(route, { headers })).status).toBe(431)
    for (const path of ['/healthz', '/readyz']) expect((await edge.call(path, { headers })).status).toBe(431)
  })

  it('and probes are 408 when the request does not arrive', async () => {
    const impatient = await edge.another({ GATEWAY_RECEIVE_TIMEOUT_MS: '1000' })
    const targets = all.map(route => ({ method: route.method, path: pathOf(route) }))
    const probes = ['/healthz', '/readyz'].map(path => ({ method: 'GET', path }))
    await Promise.all(
      [...targets, ...probes].map(async ({ method, path }) => {
        const socket = connect(impatient.gateway.port, '127.0.0.1', () =>
          socket.write(`${method} ${path} HTTP/1.1\r\n`),
        )
        expectRaw({ method, path, status: 408 }, await text(socket))
      }),
    )
  })

  it('and probes: whatever the document promises was seen, in this file alone', async () => {
    for (const path of ['/healthz', '/readyz']) {
      expect((await edge.call(path)).status).toBe(200)
      const bytes = `GET ${path} HTTP/1.1\r\nconnection: close\r\n\r\n`
      expectRaw({ method: 'GET', path, status: 400 }, await edge.raw(bytes))
    }
    expect(contract.promised.filter(place => !contract.seen.has(place))).toEqual([])
    expect(contract.promised.length).toBeGreaterThan(100)
  })
})

describe('an answer that the document does not know', () => {
  const headers = new Headers({
    'content-type': 'application/json',
    'x-request-id': 'x',
    ratelimit: 'x',
    'ratelimit-policy': 'x',
  })
  const me = { method: 'GET', path: '/api/v1/me', headers }
  const user = exampleOf(readMe.reply)

  it.each([
    ['another status', 206, { ...(user as object), request_id: 'x' }],
    ['a field too many', 200, { ...(user as object), request_id: 'x', secret: 1 }],
    ['a field too few', 200, { request_id: 'x' }],
    ['no body', 200, undefined],
  ])('(%s) fails the test that gets it', (_what, status, body) => {
    expect(() => contract.check({ ...me, status, body })).toThrow()
    expect(() => contract.check({ ...me, status: 200, body: { ...(user as object), request_id: 'x' } })).not.toThrow()
  })

  it.each(['x-new', 'ratelimit-reset', 'retry-after', 'etag'])('(a header %s) fails it too', name => {
    const answer = { ...me, status: 200, body: { ...(user as object), request_id: 'x' } }
    expect(() => contract.check({ ...answer, headers: new Headers([...headers, [name, 'x']]) })).toThrow(name)
  })
})

describe('a route', () => {
  it('without an entry in the document cannot be registered', async () => {
    const context = { logger: edge.logs.loggerFor('x') } as unknown as GatewayContext
    const server = createServer(context, readEnvironment(gatewayVariables, edge.environment))
    expect(() => server.get('/sneaky', async () => 'x')).toThrow('GET /sneaky is not in the OpenAPI document')
  })
})

describe('what a web page may use', () => {
  interface Described {
    readonly paths: Record<string, Record<string, object>>
    readonly components: { readonly headers: object; readonly parameters: object }
  }
  const document = buildDocument() as unknown as Described

  it('is what the API uses: methods, request headers, answer headers', () => {
    const methods = new Set(Object.values(document.paths).flatMap(path => Object.keys(path)))
    expect(corsMethods.map(method => method.toLowerCase()).toSorted()).toEqual([...methods].toSorted())
    const sent = ['authorization', 'content-type', ...Object.keys(document.components.parameters)]
    expect([...corsRequestHeaders].toSorted()).toEqual(sent.toSorted())
    const told = new Set(Object.keys(document.components.headers).map(name => name.replace(/^optional-/, '')))
    expect([...corsExposedHeaders].toSorted()).toEqual([...told].toSorted())
  })
})
