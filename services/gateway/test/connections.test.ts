// Connections: those too many are refused and do nothing, and what a connection was asked before it broke is answered first.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { signInAsGuest } from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { session } from './a-session.ts'
import { startEdge, type Edge } from './edge.ts'

const signIn = 'POST /api/v1/auth/guest HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n'

let edge: Edge
let guests = 0
const sockets: Socket[] = []
beforeEach(async () => {
  edge = await startEdge()
  guests = 0
  edge.answer(signInAsGuest, async () => {
    guests += 1
    return session
  })
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await edge.stop()
})

const opened = async (port: number, localAddress = '127.0.0.1'): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

describe('a connection too many', () => {
  it('is told so, and what it asks for is not done', async () => {
    const { gateway } = await edge.another({ GATEWAY_MAX_CONNECTIONS: '2' })
    for (let idle = 0; idle < 3; idle += 1) await opened(gateway.port)
    for (let turn = 0; turn < 5; turn += 1) {
      const socket = await opened(gateway.port)
      const answered = text(socket)
      socket.write(signIn)
      const answer = await answered
      expect(answer).toMatch(/^HTTP\/1.1 503 [^]*"detail":"Too many connections; try again."/)
      expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1)
    }
    expect(guests).toBe(0)
  })
})

describe('connections of one address', () => {
  it('are bounded by themselves: the others of theirs are closed, and those of anybody else are not', async () => {
    const { gateway, url } = await edge.another({ GATEWAY_MAX_CONNECTIONS_PER_ADDRESS: '2' })
    const idle = [await opened(gateway.port), await opened(gateway.port)]
    const socket = await opened(gateway.port)
    const answered = text(socket)
    socket.write(signIn)
    const answer = await answered
    expect(answer).toMatch(/^HTTP\/1.1 429 [^]*"violated-policies":\["connections"\]/)
    expect(answer).toMatch(/retry-after: 1\r\n/)
    expect(answer).toMatch(/x-request-id: [\w-]{22}\r\n/)
    expect(guests).toBe(0)
    const another = await opened(gateway.port, '127.0.0.2')
    another.write('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    expect(await text(another)).toMatch(/^HTTP\/1.1 200 /)
    for (const one of idle) one.destroy()
    await eventually(async () => expect((await fetch(`${url}/healthz`)).status).toBe(200))
  })

  it('that are refused take no room from anybody else', async () => {
    const { gateway } = await edge.another({ GATEWAY_MAX_CONNECTIONS_PER_ADDRESS: '2', GATEWAY_MAX_CONNECTIONS: '4' })
    // They do not read, and stay until they are given up.
    await Promise.all(Array.from({ length: 20 }, () => opened(gateway.port)))
    const another = await opened(gateway.port, '127.0.0.2')
    another.write('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    expect(await text(another)).toMatch(/^HTTP\/1.1 200 /)
  })

  it('that are refused are no more than may be told so: the others are closed at once', async () => {
    const limits = { GATEWAY_MAX_CONNECTIONS_PER_ADDRESS: '1', GATEWAY_MAX_REFUSED_CONNECTIONS: '1' }
    const { gateway } = await edge.another(limits)
    await opened(gateway.port)
    await eventually(async () => {
      // Does not read, and stays until it is given up.
      await opened(gateway.port)
      expect(await text(await opened(gateway.port))).toBe('')
    })
    await eventually(async () => expect(await text(await opened(gateway.port))).toMatch(/^HTTP\/1.1 429 /))
  })

  it('are not bounded when it is that of a trusted proxy, which has everybody’s', async () => {
    const { gateway, url } = await edge.another({
      GATEWAY_MAX_CONNECTIONS_PER_ADDRESS: '1',
      TRUSTED_PROXIES: '127.0.0.1',
    })
    for (let idle = 0; idle < 3; idle += 1) await opened(gateway.port)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })
})

describe('a connection that waits', () => {
  it('is not closed for it: a gateway that would do so does not start', async () => {
    const started = edge.another({ GATEWAY_IDLE_TIMEOUT_MS: '10000', GATEWAY_REQUEST_TIMEOUT_MS: '10000' })
    await expect(started).rejects.toThrow('GATEWAY_IDLE_TIMEOUT_MS: has to be longer than GATEWAY_REQUEST_TIMEOUT_MS')
  })
})

describe('a connection that breaks the protocol', () => {
  it('is first answered what it had asked before', async () => {
    const held: (() => void)[] = []
    edge.answer(signInAsGuest, () => new Promise(resolve => held.push(() => resolve(session))))
    const socket = await opened(edge.gateway.port)
    const answered = text(socket)
    socket.write(`${signIn}NONSENSE\r\n\r\n`)
    await eventually(() => expect(edge.logs.lines.some(line => line.includes('unreadable request'))).toBe(true))
    await eventually(() => expect(held).toHaveLength(1))
    held[0]?.()
    expect(await answered).toMatch(/^HTTP\/1.1 200 [^]*"access_token":"a"[^]*HTTP\/1.1 400 [^]*"request_id":/)
  })

  it('never gets the refusal inside of another answer', async () => {
    const socket = await opened(edge.gateway.port)
    const answered = text(socket)
    socket.write('GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\nNONSENSE\r\n\r\n')
    const answer = await answered
    const [head = ''] = answer.split('\r\n\r\n', 1)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1])
    expect(length).toBeGreaterThan(100_000)
    const body = Buffer.from(answer.slice(head.length + 4))
    expect(body.indexOf('HTTP/1.1 400')).toBe(length)
  })
})
