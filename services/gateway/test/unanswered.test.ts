// Requests whose client does not wait for the answer, or never sends all of it: each has its line, and none is a failure of ours.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { readMe, signInAsGuest } from '@cairn/contracts'
import { noMetrics, noTelemetry, type Metrics, type SpanRecord } from '@cairn/runtime'
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { session } from './a-session.ts'
import { startEdge, type Edge } from './edge.ts'

interface Line {
  readonly level: string
  readonly message: string
  readonly route?: string
  readonly status?: number
  readonly incident_id?: string
}

const userId = '0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11'
const signIn = 'POST /api/v1/auth/guest HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
const half = `${signIn}content-length: 100\r\n\r\n{"a`

let edge: Edge
let measured: unknown[]
let spans: SpanRecord[]
const sockets: Socket[] = []
beforeEach(async () => {
  measured = []
  spans = []
  const metrics: Metrics = { ...noMetrics, observe: (_name, _ms, labels) => void measured.push(labels) }
  const exportSpan = (_request: unknown, span: SpanRecord): void => void spans.push(span)
  edge = await startEdge({ GATEWAY_RECEIVE_TIMEOUT_MS: '1000' }, { ...noTelemetry, metrics, exportSpan })
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await edge.stop()
})

const opened = async (bytes: string): Promise<Socket> => {
  const socket = connect(edge.gateway.port, '127.0.0.1')
  sockets.push(socket)
  // What comes back matters to nobody here, but is read: a socket that is not read never ends.
  socket.resume()
  // In one write: when the first is answered, the rest was read.
  socket.write(`GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n${bytes}`)
  await once(socket, 'data')
  return socket
}

const linesOf = (route: string): Line[] =>
  edge.logs.lines.map(line => JSON.parse(line) as Line).filter(line => line.route?.endsWith(route))

describe('a client that is gone before its answer', () => {
  const holdOwner = (): (() => void)[] => {
    const held: (() => void)[] = []
    edge.answer(readMe, () => new Promise((_resolve, reject) => held.push(() => reject(new Error('too late')))))
    return held
  }
  const me = `GET /api/v1/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer `

  it('leaves a line, a measurement and a span, once', async () => {
    const held = holdOwner()
    const socket = await opened(`${me}${edge.token(userId)}\r\n\r\n`)
    await eventually(() => expect(held).toHaveLength(1))
    socket.destroy()
    const about = { method: 'GET', route: '/api/v1/me', status: 499 }
    await eventually(() => expect(linesOf('/api/v1/me')).toMatchObject([{ level: 'info', ...about }]))
    // The answer that nobody waits for any more adds nothing.
    held[0]?.()
    await eventually(() => expect(linesOf('GET /api/v1/me')).toMatchObject([{ message: 'request failed' }]))
    expect(linesOf('/api/v1/me').filter(({ status }) => status !== undefined)).toHaveLength(1)
    const attributes = { 'http.route': '/api/v1/me', 'http.response.status_code': 499 }
    expect(measured.filter(one => JSON.stringify(one).includes('/api/v1/me'))).toMatchObject([attributes])
    expect(spans.filter(({ name }) => name === 'GET /api/v1/me')).toMatchObject([{ kind: 'server', attributes }])
  })

  it('leaves one of each request it had sent', async () => {
    const held = holdOwner()
    const socket = await opened(`${me}${edge.token(userId)}\r\n\r\n`.repeat(3))
    await eventually(() => expect(held).toHaveLength(3))
    socket.destroy()
    await eventually(() =>
      expect(linesOf('/api/v1/me')).toMatchObject([{ status: 499 }, { status: 499 }, { status: 499 }]),
    )
    for (const release of held) release()
  })
})

describe('a body that never arrives', () => {
  it.each([
    ['its client goes away', half, (socket: Socket) => socket.resetAndDestroy()],
    ['its client says that this was all', half, (socket: Socket) => socket.end()],
    ['its client is too slow', half, () => undefined],
    ['its chunks are broken', `${signIn}transfer-encoding: chunked\r\n\r\n5\r\n{"a":ZZZ\r\n`, () => undefined],
  ])('(%s) is no failure of ours', async (_what, bytes, then) => {
    edge.answer(signInAsGuest, async () => session)
    const socket = await opened(bytes)
    then(socket)
    const unanswered = [{ level: 'info', status: 499 }]
    await eventually(() => expect(linesOf('/api/v1/auth/guest')).toMatchObject(unanswered))
    // What else comes of it has come by then.
    await edge.call('/healthz')
    expect(linesOf('/api/v1/auth/guest')).toMatchObject(unanswered)
  })
})
