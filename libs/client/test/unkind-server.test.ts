// The client over WebSocket while its token or HTTP fails: it leaves the server the pauses that it asks for, and keeps what is good.
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCairnClient, type CairnClient, type CairnClientOptions } from '../src/index.ts'
import { problem, serveLog, sessionOf, startServer, type TestServer } from './server.ts'

const backoff = { firstMs: 10, mostMs: 50 }

describe('the client over realtime', () => {
  let server: TestServer
  let client: CairnClient
  let dialledAt: number[]

  const signIn = async (options: Partial<CairnClientOptions>): Promise<void> => {
    client = createCairnClient({ gatewayUrl: server.url, realtimeUrl: server.url, ...options })
    await client.signInAsGuest()
  }
  /** Of what `connect` begins: how long each pause was, in milliseconds, and at least so many of them. */
  const pauses = async (count: number): Promise<number[]> => {
    client.connect()
    await eventually(() => expect(dialledAt.length).toBeGreaterThan(count), 10_000)
    return dialledAt.slice(1).map((at, index) => at - (dialledAt[index] ?? 0))
  }
  beforeEach(async () => {
    server = await startServer()
    dialledAt = []
    serveLog(server)
    server.on('POST /auth/guest', { body: sessionOf(1) })
    server.on('POST /auth/refresh', { body: sessionOf(2) })
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    client.disconnect()
    await server.stop()
  })
  /** A node that has everybody begin anew over HTTP. */
  const resetAll = (): void => {
    server.onSocket = socket => {
      dialledAt.push(performance.now())
      for (const [type, data] of [
        ['session.ready', { epoch: 'e', seq: 5, expires_in: 600 }],
        ['resume.reset', { head: { epoch: 'e', seq: 5 } }],
      ]) {
        socket.send(JSON.stringify({ type, data }))
      }
    }
  }

  it('comes back after ever longer pauses while the log cannot be read anew', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    await signIn({ backoff: { firstMs: 50, mostMs: 10_000 } })
    resetAll()
    server.on('GET /progress/changes', problem(500, 'internal'))
    const [first, second, third] = await pauses(3)
    expect(first).toBeGreaterThan(45)
    expect(second).toBeGreaterThan(95)
    expect(third).toBeGreaterThan(195)
  })

  it('does not come back before the server wants to be asked for the log again', async () => {
    await signIn({ backoff, maxWaitMs: 500 })
    resetAll()
    server.on('GET /progress/changes', problem(429, 'rate_limited', { retry_after: 1 }))
    expect((await pauses(1))[0]).toBeGreaterThan(995)
  })

  it('stays on a good connection while a new token cannot be had', async () => {
    await signIn({ backoff })
    client.connect()
    await eventually(() => expect(client.status).toBe('live'))
    const refused = problem(500, 'internal')
    server.on('POST /auth/refresh', refused, refused, refused, { body: sessionOf(2) })
    server.push('token.expiring', { expires_in: 60 })
    await eventually(() =>
      expect(server.received).toContainEqual({ type: 'token.refresh', data: { token: 'access-2' } }),
    )
    expect(server.socketTokens).toEqual(['access-1'])
  })

  it('shows another token once one is refused again and again', async () => {
    const statuses: string[] = []
    await signIn({ backoff, onStatus: status => statuses.push(status) })
    server.refusedTokens.add('access-1')
    client.connect()
    await eventually(() => expect(client.status).toBe('live'))
    expect(statuses.filter(status => status === 'connecting')).toHaveLength(5)
    // Node's own WebSocket asks twice when it is answered 401.
    expect([...new Set(server.socketTokens)]).toEqual(['access-1', 'access-2'])
  })

  it('asks for another token once, however long no handshake comes about', async () => {
    await signIn({ backoff: { firstMs: 1, mostMs: 2 } })
    for (const token of ['access-1', 'access-2']) server.refusedTokens.add(token)
    client.connect()
    await eventually(() => expect(server.socketTokens.length).toBeGreaterThan(12))
    expect(server.calls.filter(({ route }) => route === 'POST /auth/refresh')).toHaveLength(1)
  })
})
