// What the port of both doors answers over HTTP: every refusal a problem with ids, whoever refuses it; what browsers and proxies
// have to be told.
import { once } from 'node:events'
import { connect } from 'node:net'
import { eventually, startLink } from '@cairn/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startNode, type TestNode } from './realtime-node.ts'
import { startScene, type Scene } from './scene.ts'

const engine = '/socket.io/?EIO=4'
const polling = `${engine}&transport=polling`
const page = 'https://page.example.com'

interface Seen {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

let scene: Scene
const nodes: TestNode[] = []

const start = async (environment: Record<string, string>, natsUrl = scene.nats.url): Promise<TestNode> => {
  const started = await startNode(natsUrl, scene.logs.loggerFor('realtime'), environment)
  nodes.push(started)
  await started.ready()
  return started
}
beforeAll(async () => {
  scene = await startScene({ REALTIME_ALLOWED_ORIGINS: page })
})
afterAll(() => scene.stop())
afterEach(async () => {
  for (const started of nodes.splice(0)) await started.stop()
})

const seen = async (response: Response): Promise<Seen> => ({
  status: response.status,
  headers: response.headers,
  body: (await response.json()) as Seen['body'],
})
const get = async (path: string, init: RequestInit = {}, at = scene.node): Promise<Seen> =>
  seen(await fetch(`${at.url}${path}`, init))

/** Sends bytes as they are; the answer ends with the connection. */
const raw = async (bytes: string): Promise<Seen> => {
  const socket = connect(scene.node.port, '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  socket.on('error', () => undefined)
  socket.write(bytes)
  await once(socket, 'close')
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  const [status = '', ...lines] = head.split('\r\n')
  const headers = new Headers(lines.map(line => line.split(': ', 2) as [string, string]))
  return { status: Number(status.split(' ')[1]), headers, body: JSON.parse(body) as Seen['body'] }
}
const upgrade = (target: string, more = ''): Promise<Seen> =>
  raw(
    `GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n` +
      `sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`,
  )
const openPolling = async (): Promise<string> => {
  const text = await (await fetch(`${scene.node.url}${polling}`)).text()
  return `${polling}&sid=${(JSON.parse(text.slice(1)) as { sid: string }).sid}`
}
const post = async (headers: Record<string, string>, body: string): Promise<Seen> =>
  get(await openPolling(), { method: 'POST', headers, body })

const expectProblem = ({ status, headers, body }: Seen, expected: number): void => {
  expect([status, body['status']]).toEqual([expected, expected])
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(body['request_id']).toBe(headers.get('x-request-id'))
  expect(body['request_id']).toMatch(/^[A-Za-z0-9_-]{22}$/)
}

describe('what engine.io or ws would refuse', () => {
  it.each([
    ['an upgrade to an unknown transport', () => upgrade(`${engine}&transport=foo`)],
    ['an upgrade to no transport', () => upgrade(engine)],
    ['an upgrade to polling', () => upgrade(polling)],
    [
      'an upgrade with an empty list of protocols',
      () => upgrade(`${engine}&transport=websocket`, 'sec-websocket-protocol: ,\r\n'),
    ],
    ['the same at the plain door', () => upgrade('/ws/user/x', 'sec-websocket-protocol: ,\r\n')],
    ['an unknown transport', () => get(`${engine}&transport=foo`)],
    ['a WebSocket without an upgrade', () => get(`${engine}&transport=websocket`)],
    ['a connection that begins with POST', () => get(polling, { method: 'POST', body: '40' })],
    ['PUT', async () => get(await openPolling(), { method: 'PUT', body: '40' })],
    ['OPTIONS', async () => get(await openPolling(), { method: 'OPTIONS' })],
    ['another transport', async () => get((await openPolling()).replace('=polling', '=websocket'))],
    ['a session id twice', async () => get(`${await openPolling()}&sid=`)],
    ['a binary body', () => post({ 'content-type': 'application/octet-stream' }, '40')],
  ])('%s is a problem', async (_what, ask) => {
    expectProblem(await ask(), 400)
  })

  it('a body over the limit is a problem', async () => {
    expectProblem(await post({}, 'x'.repeat(20_000)), 413)
  })

  it('a poll beside another is a problem', async () => {
    const path = await openPolling()
    const polls = await Promise.all([1, 2].map(() => fetch(`${scene.node.url}${path}`)))
    const refused = polls.filter(({ status }) => status === 400)
    expect(refused).toHaveLength(1)
    for (const response of refused) expectProblem(await seen(response), 400)
  })

  it('a tunnel is a problem', async () => {
    expectProblem(await raw('CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n'), 404)
  })
})

describe('a browser', () => {
  const answers: [string, () => Promise<Seen>][] = [
    ['a refusal', () => get('/', { headers: { origin: page } })],
    ['a refused poll', () => get(`${polling}&sid=x`, { headers: { origin: page } })],
    ['a refused upgrade', () => upgrade('/ws/user/x', `origin: ${page}\r\n`)],
    ['an answer', () => get('/healthz', { headers: { origin: page } })],
  ]
  it.each(answers)('lets a listed page read %s', async (_what, ask) => {
    const { headers } = await ask()
    expect(headers.get('access-control-allow-origin')).toBe(page)
    expect(headers.get('access-control-expose-headers')).toContain('x-request-id')
    expect([headers.get('vary'), headers.get('x-content-type-options')]).toEqual(['Origin', 'nosniff'])
  })

  it('lets a listed page poll, and ask before it does', async () => {
    const polled = await fetch(`${scene.node.url}${polling}`, { headers: { origin: page } })
    expect([polled.status, polled.headers.get('access-control-allow-origin')]).toEqual([200, page])
    const headers = { origin: page, 'access-control-request-method': 'POST' }
    const asked = await fetch(`${scene.node.url}${polling}`, { method: 'OPTIONS', headers })
    expect([asked.status, asked.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, POST'])
    expect(asked.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9_-]{22}$/)
  })

  it('lets nobody else', async () => {
    for (const { headers } of [await get('/', { headers: { origin: 'https://other.example.com' } }), await get('/')]) {
      expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([null, 'Origin'])
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
  })
})

describe('the id of a request', () => {
  const named = { headers: { 'x-request-id': 'from-the-proxy-1' } }

  it('is that of a trusted proxy', async () => {
    const behind = await start({ TRUSTED_PROXIES: '127.0.0.0/8' })
    const { headers, body } = await get('/', named, behind)
    expect([headers.get('x-request-id'), body['request_id']]).toEqual(['from-the-proxy-1', 'from-the-proxy-1'])
  })

  it('is never that of a stranger', async () => {
    expectProblem(await get('/', named), 404)
  })
})

it('not to be ready is one incident until it is over', async () => {
  const link = await startLink(scene.nats.url)
  const cutOff = await start({}, link.url)
  const unready = (): Promise<Seen> =>
    eventually(async () => {
      const answer = await get('/readyz', {}, cutOff)
      expect(answer.status).toBe(503)
      return answer
    })
  const told = (): number => scene.logs.lines.filter(line => line.includes('"not ready"')).length
  const before = told()
  link.cut()
  const [first, second] = [await unready(), await unready()]
  const [id, sameId] = [first, second].map(({ body }) => body['incident_id'])
  expect(id).toMatch(/^inc_/)
  expect([first.headers.get('x-incident-id'), sameId, told()]).toEqual([id, id, before + 1])
  link.restore()
  await cutOff.ready()
  link.cut()
  await unready()
  expect(told()).toBe(before + 2)
  link.restore()
  await cutOff.ready()
  await cutOff.stop()
  nodes.splice(nodes.indexOf(cutOff), 1)
  await link.stop()
})

it('takes so many TCP connections, and says how many it dropped', async () => {
  const small = await start({ REALTIME_MAX_CONNECTIONS: '2', REALTIME_MAX_TCP_CONNECTIONS: '4' })
  const sockets = Array.from({ length: 20 }, () => connect(small.port, '127.0.0.1'))
  let dropped = 0
  for (const socket of sockets) {
    socket.on('error', () => undefined)
    socket.on('close', () => (dropped += 1))
    socket.resume()
  }
  // One more may be that of the probe.
  await eventually(() => expect(dropped).toBeGreaterThanOrEqual(16))
  expect(dropped).toBeLessThanOrEqual(17)
  expect(scene.logs.lines.filter(line => line.includes('dropped a TCP connection'))).toHaveLength(1)
  for (const socket of sockets) socket.destroy()
})

it('does not start with limits that others would never let be reached, and names them all', async () => {
  const limits = {
    REALTIME_MAX_CONNECTIONS: '20',
    REALTIME_MAX_TCP_CONNECTIONS: '10',
    REALTIME_FRAMES_PER_MINUTE: '601',
  }
  await expect(start(limits)).rejects.toThrow(/REALTIME_MAX_TCP_CONNECTIONS.*\n.*REALTIME_PACKETS_PER_MINUTE/)
})

it('takes more connections than usual without being told how many of TCP that takes', async () => {
  const large = await start({ REALTIME_MAX_CONNECTIONS: '60000' })
  expect((await fetch(`${large.url}/healthz`)).status).toBe(200)
})
