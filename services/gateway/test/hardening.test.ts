// What the edge does with those who mean no good, are slow, or are too many; and that nothing of the inside shows.
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { CairnError, readMe, readSnapshot, refreshSession, submitEvents } from '@cairn/contracts'
import { currentRequest } from '@cairn/runtime'
import { eventually } from '@cairn/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { startEdge, type Edge } from './edge.ts'

let edge: Edge
afterEach(async () => {
  await edge.stop()
})

const userId = '0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11'
const me = (headers: Record<string, string> = {}) => edge.call('/api/v1/me', { token: edge.token(userId), headers })

describe('ids', () => {
  it.each([
    ['10 KB', 'a'.repeat(10_000)],
    ['markup', '<script>alert(1)</script>'],
    ['too short', 'short'],
    ['well-formed', 'a-good-request-id'],
  ])('of a stranger (%s) are never ours, nor sent back', async (_what, given) => {
    edge = await startEdge()
    const answer = await edge.call('/nowhere', { headers: { 'x-request-id': given } })
    expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]{22}$/)
    expect(JSON.stringify(answer.body)).not.toContain(given)
  })

  it('with a line break in them are refused as the malformed HTTP they are', async () => {
    edge = await startEdge()
    const answer = await edge.raw('GET /healthz HTTP/1.1\r\nhost: x\r\nx-request-id: abcdefgh\rset-cookie: a=b\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer).not.toContain('set-cookie')
  })

  it('of a trusted proxy are ours when they are well-formed, and replaced when not', async () => {
    edge = await startEdge({ TRUSTED_PROXIES: '127.0.0.1' })
    const idFor = async (given: string): Promise<string | null> =>
      (await edge.call('/nowhere', { headers: { 'x-request-id': given } })).headers.get('x-request-id')
    expect(await idFor('from-the-proxy')).toBe('from-the-proxy')
    expect(await idFor('<script>')).toMatch(/^[\w-]{22}$/)
  })

  it.each([
    ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example\r\n\r\n', 404],
    ['an upgrade', 'GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', 404],
    ['an unknown method', 'BREW / HTTP/1.1\r\nhost: x\r\n\r\n', 400],
    ['a method we have no use for', 'PROPFIND / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 404],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 400],
    ['two transfers', 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001', 400],
  ])('are on the answer to %s', async (_what, bytes, status) => {
    edge = await startEdge({ GATEWAY_IDLE_TIMEOUT_MS: '10000' })
    const socket = connect(edge.gateway.port, '127.0.0.1', () => socket.write(bytes))
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    await eventually(() => expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*"code":`)))
    socket.destroy()
    const [, requestId] = /x-request-id: ([\w-]{22})/i.exec(answer) ?? []
    expect(requestId).toBeDefined()
    expect(answer).toContain(`"request_id":"${requestId}"`)
  })
})

describe('what comes from outside', () => {
  it('cannot say who the user is, and starts a trace of its own when it sends nonsense', async () => {
    edge = await startEdge()
    const seen: unknown[] = []
    edge.answer(readMe, async (_payload, { caller }) => {
      seen.push(caller?.userId, currentRequest()?.trace.traceId)
      return Promise.reject(new CairnError('token_invalid'))
    })
    await me({
      'x-user-id': 'admin',
      'x-cairn-user-id': 'admin',
      'x-cairn-session-id': 'admin',
      traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`,
    })
    expect(seen[0]).toBe(userId)
    expect(seen[1]).toMatch(/^[\da-f]{32}$/)
    expect(seen[1]).not.toMatch(/^0+$/)
    const traceId = 'a'.repeat(32)
    await me({ traceparent: `00-${traceId}-${'b'.repeat(16)}-01` })
    expect(seen[3]).toBe(traceId)
  })

  it.each([
    ['a byte that begins nothing', [0xff]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a character that is cut off', [0xf0, 0x9f, 0x98]],
  ])('is refused, not mended, when it is no UTF-8: %s', async (_what, bytes) => {
    edge = await startEdge()
    edge.answer(submitEvents, async () => ({ results: [], head: { epoch: 'e', seq: 0 } }))
    const post = (inside: Buffer) =>
      fetch(`${edge.url}/api/v1/progress/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${edge.token(userId)}`, 'content-type': 'application/json' },
        body: Buffer.concat([Buffer.from('{"events":[{"item_id":"'), inside, Buffer.from('"}]}')]),
      })
    expect((await post(Buffer.from('\u{1F600}'))).status).toBe(200)
    const answer = await post(Buffer.from(bytes))
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'invalid_request' }])
  })

  it('never sees what broke', async () => {
    edge = await startEdge()
    const token = edge.token(userId)
    edge.answer(readMe, () => Promise.reject(new Error(`SELECT * FROM auth.users -- ${token}`)))
    const answer = await edge.call('/api/v1/me', { token })
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal' } })
    const told = JSON.stringify(answer.body) + JSON.stringify([...answer.headers])
    for (const inside of ['SELECT', 'auth.users', token, 'fastify', 'node', 'at ']) expect(told).not.toContain(inside)
    expect(answer.headers.get('x-powered-by')).toBeNull()
    expect(answer.headers.get('server')).toBeNull()
  })

  it('gets the headers that keep a browser still, on every answer', async () => {
    edge = await startEdge()
    const answers = [await edge.call('/healthz'), await edge.call('/nowhere'), await edge.call('/api/v1/me')]
    for (const { headers } of answers) {
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('strict-transport-security')).toMatch(/^max-age=\d{7,}/)
    }
    for (const bytes of ['NONSENSE\r\n\r\n', 'GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n']) {
      expect((await edge.raw(bytes)).toLowerCase()).toContain('x-content-type-options: nosniff')
    }
  })
})

describe('a body', () => {
  it.each([
    ['a prototype', '{"refresh_token":"x","__proto__":{"admin":true}}', 400],
    ['a constructor', '{"refresh_token":"x","constructor":{"prototype":{}}}', 400],
    ['a comma too many', '{"refresh_token":"x",}', 400],
    ['10 000 brackets', '['.repeat(10_000), 400],
    ['more than 1 MiB', `{"refresh_token":"${'x'.repeat(1_048_576)}"}`, 413],
    ['half a character', '{"refresh_token":"\\ud800"}', 401],
    ['nothing but a number', '5', 400],
    ['null', 'null', 400],
  ])('with %s is %s', async (_what, body, status) => {
    edge = await startEdge()
    edge.answer(refreshSession, () => Promise.reject(new CairnError('token_invalid')))
    expect((await edge.call('/api/v1/auth/refresh', { method: 'POST', body })).status).toBe(status)
  })

  it.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/jsonp', 'garbage'])(
    'of type %s is 415',
    async type => {
      edge = await startEdge()
      const answer = await edge.call('/api/v1/auth/refresh', {
        method: 'POST',
        body: '{"refresh_token":"x"}',
        headers: { 'content-type': type },
      })
      expect(answer.status).toBe(415)
    },
  )
})

describe('a fault', () => {
  it('is named by its field, wherever that stands and whoever finds it', async () => {
    edge = await startEdge()
    const errors = [{ path: '/time_zone', message: 'is no time zone' }]
    edge.answer(readSnapshot, () => Promise.reject(new CairnError('invalid_request', { errors })))
    const token = edge.token(userId)
    const pathsOf = async (path: string, options = {}): Promise<unknown> => {
      const answer = await edge.call<{ errors: { path: string }[] }>(`/api/v1${path}`, { token, ...options })
      expect(answer.status).toBe(400)
      return answer.body.errors.map(one => one.path)
    }
    expect(await pathsOf('/progress?time_zone=Nowhere')).toEqual(['/time_zone'])
    expect(await pathsOf(`/progress/changes?since=${'9'.repeat(20)}`)).toEqual(['/since'])
    expect(await pathsOf('/auth/refresh', { method: 'POST', body: { refresh_token: 5 } })).toEqual(['/refresh_token'])
  })
})

describe('a client that takes its time', () => {
  it.each([
    ['head', 'GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: '],
    [
      'body',
      'POST /api/v1/auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a',
    ],
  ])('with its %s is answered 408 and closed, however steadily it drips', async (_what, start) => {
    edge = await startEdge({ GATEWAY_RECEIVE_TIMEOUT_MS: '1000' })
    const socket = connect(edge.gateway.port, '127.0.0.1')
    const answered = text(socket)
    await once(socket, 'connect')
    socket.write(start)
    const drip = setInterval(() => socket.writable && socket.write('a'), 100)
    const startedAt = performance.now()
    const answer = await answered
    clearInterval(drip)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(answer).toMatch(/x-request-id: [\w-]{22}/)
    expect(answer).toContain('"code":"request_timeout"')
  })

  it('is one of a bounded number: more connections are 503, and room is there again by itself', async () => {
    edge = await startEdge()
    const small = await edge.another({ GATEWAY_MAX_CONNECTIONS: '3' })
    const open = () => connect(small.gateway.port, '127.0.0.1')
    const idle = [open(), open(), open(), open()]
    await eventually(async () => {
      const answer = await text(open())
      expect(answer).toMatch(/^HTTP\/1.1 503 /)
      expect(answer).toMatch(/retry-after: 1\r\n/)
      const [, requestId = 'none', incidentId = 'none'] =
        /"request_id":"([^"]+)","incident_id":"(inc_[\dA-Z]{26})"/.exec(answer) ?? []
      const told = edge.logs.lines.filter(line => line.includes(requestId) && line.includes(incidentId))
      expect(told).toHaveLength(1)
    })
    for (const socket of idle) socket.destroy()
    await eventually(async () => expect((await fetch(`${small.url}/healthz`)).status).toBe(200))
  })
})

describe('an owner that is slow', () => {
  it('fills its own bound, is 503 from then on, and leaves the other’s routes alone', async () => {
    edge = await startEdge({ GATEWAY_MAX_IN_FLIGHT_PER_OWNER: '5', GATEWAY_REQUEST_TIMEOUT_MS: '3000' })
    const held: (() => void)[] = []
    const hold = (): Promise<never> =>
      new Promise((_resolve, reject) => held.push(() => reject(new CairnError('token_invalid'))))
    edge.answer(readSnapshot, hold)
    edge.answer(submitEvents, hold)
    edge.answer(readMe, () => Promise.reject(new CairnError('token_invalid')))
    const token = edge.token(userId)
    const waiting = Array.from({ length: 5 }, () => edge.call('/api/v1/progress', { token }))
    await eventually(() => expect(held).toHaveLength(5))
    const refused = await edge.call('/api/v1/progress/events', { method: 'POST', token, body: { events: [{}] } })
    expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable', retry_after: 1 } })
    expect((await me()).status).toBe(401)
    for (const release of held) release()
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
  })
})
