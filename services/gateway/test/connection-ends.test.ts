// However a connection ends, what it had asked for takes no room from then on; and what asks for a tunnel is a request like others.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { signInAsGuest } from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { session } from './a-session.ts'
import { startEdge, type Edge } from './edge.ts'

const signIn = 'POST /api/v1/auth/guest HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n'
const health = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'
const tunnel = 'CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n'
const halfABody =
  'POST /api/v1/auth/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{'

let edge: Edge
let held: (() => void)[]
const hold = (): Promise<typeof session> => new Promise(resolve => held.push(() => resolve(session)))
beforeEach(async () => {
  edge = await startEdge({ GATEWAY_MAX_IN_FLIGHT: '8' })
  held = []
  edge.answer(signInAsGuest, hold)
})
afterEach(async () => {
  for (const release of held) release()
  await edge.stop()
})

const opened = async (): Promise<Socket> => {
  const socket = connect(edge.gateway.port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

const roomForAll = async (): Promise<void> => {
  // As many at once as there may be.
  const all = await Promise.all(Array.from({ length: 8 }, () => edge.call('/healthz')))
  expect(all.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
}

describe('a connection that is gone', () => {
  it.each([
    ['while its requests wait for each other', signIn + health.repeat(3)],
    ['after it broke the protocol', `${signIn}${health.repeat(3)}NONSENSE\r\n\r\n`],
    ['in the middle of a body', signIn + health.repeat(2) + halfABody],
    ['after it asked for a tunnel', signIn + health.repeat(3) + tunnel],
  ])('%s leaves nothing behind that takes room', async (_what, asked) => {
    for (let turn = 1; turn <= 3; turn += 1) {
      const socket = await opened()
      socket.write(asked)
      await eventually(() => expect(held).toHaveLength(turn))
      socket.resetAndDestroy()
    }
    await eventually(roomForAll)
  })
})

describe('a tunnel', () => {
  it('is refused after what was asked before it is answered', async () => {
    const socket = await opened()
    const answered = text(socket)
    socket.write(signIn + health + tunnel)
    await eventually(() => expect(held).toHaveLength(1))
    held[0]?.()
    const answer = await answered
    expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 404'])
    expect(answer).toContain('"access_token":"a"')
    await eventually(roomForAll)
  })

  it('is refused after an answer that fills the connection', async () => {
    const socket = await opened()
    socket.write(`GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n${tunnel}`)
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 [^]*HTTP\/1.1 404 [^]*"code":"not_found"[^]*\}$/)
  })

  it('has an id that leads to a line in the log', async () => {
    const answer = await edge.raw(tunnel)
    expect(answer).toMatch(/^HTTP\/1.1 404 [^]*connection: close\r\n/i)
    const requestId = /x-request-id: ([\w-]{22})\r\n/i.exec(answer)?.[1] ?? 'none'
    await eventually(() => {
      const line = edge.logs.lines.find(one => one.includes(requestId) && one.includes('answered'))
      expect(line).toMatch(/"method":"CONNECT".*"status":404/)
    })
  })

  it('counts for its address', async () => {
    await edge.stop()
    edge = await startEdge({ GATEWAY_LIMIT_PER_ADDRESS: '1' })
    expect(await edge.raw(tunnel)).toMatch(/^HTTP\/1.1 404 /)
    expect(await edge.raw(tunnel)).toMatch(/^HTTP\/1.1 429 [^]*"violated-policies":\["address"\]/)
  })
})

describe('requests that nobody takes the answers of', () => {
  const document = 'GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n'
  const silent = async (bounded: Edge, asked: string): Promise<Socket> => {
    const socket = connect(bounded.gateway.port, '127.0.0.1')
    socket.pause().on('error', () => undefined)
    await once(socket, 'connect')
    socket.write(asked)
    return socket
  }

  it('are so many of one connection, which is closed when it asks for more', async () => {
    const bounded = await startEdge({ GATEWAY_MAX_PIPELINED_REQUESTS: '12' })
    const socket = await silent(bounded, document.repeat(10) + health.repeat(30))
    expect((await bounded.call('/healthz')).status).toBe(200)
    socket.resume()
    await eventually(() => expect(socket.closed).toBe(true))
    await bounded.stop()
  })

  it('are so many of one address', async () => {
    const bounded = await startEdge({ GATEWAY_MAX_IN_FLIGHT_PER_ADDRESS: '6' })
    bounded.answer(signInAsGuest, hold)
    const sockets = await Promise.all([1, 2].map(() => silent(bounded, signIn.repeat(3))))
    await eventually(() => expect(held).toHaveLength(6))
    expect(await bounded.call('/api/v1/auth/nonce', { method: 'POST' })).toMatchObject({ status: 429 })
    expect((await bounded.call('/healthz')).status).toBe(503)
    for (const socket of sockets) socket.destroy()
    await eventually(async () => expect((await bounded.call('/healthz')).status).toBe(200))
    await bounded.stop()
  })

  it('hold up no stop, not with a tunnel behind them either', async () => {
    const bounded = await startEdge({ DRAIN_WINDOW_MS: '200' })
    bounded.answer(signInAsGuest, hold)
    const socket = await silent(bounded, document.repeat(10) + signIn + tunnel)
    await eventually(() => expect(held).toHaveLength(1))
    held[0]?.()
    const begunAt = performance.now()
    await bounded.stop()
    expect(performance.now() - begunAt).toBeLessThan(3_000)
    socket.destroy()
  })
})
