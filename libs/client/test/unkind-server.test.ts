// The client over WebSocket while its token or HTTP fails: it leaves the server the pauses that it asks for, and keeps what is good.
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket as WebSocketOfWs } from 'ws'
import { createCairnClient, type CairnClient, type CairnClientOptions } from '../src/index.ts'
import { pageOf, problem, serveLog, sessionOf, startServer, type TestServer } from './server.ts'

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

  /** Pauses, in milliseconds, between the first `count` of what `at` is filled with. */
  const pausesOf = async (at: readonly number[], count: number): Promise<number[]> => {
    await eventually(() => expect(at.length).toBeGreaterThanOrEqual(count))
    return at.slice(1, count).map((one, index) => one - (at[index] ?? 0))
  }
  const expectGrowing = ([first, second, third]: number[]): void => {
    expect(first).toBeGreaterThan(45)
    expect(second).toBeGreaterThan(95)
    expect(third).toBeGreaterThan(195)
  }
  const growing = { firstMs: 50, mostMs: 10_000 }

  it('comes back after ever longer pauses when no connection lasts', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    await signIn({ backoff: growing })
    const log = serveLog(server)
    const serve = server.onSocket
    server.onSocket = socket => {
      dialledAt.push(performance.now())
      log.commit(1)
      serve(socket)
      socket.on('message', () => socket.close(4001))
    }
    expectGrowing(await pauses(3))
  })

  it('reads the log anew after ever longer pauses while that does not help', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    await signIn({ backoff: growing })
    const readAt: number[] = []
    server.on('GET /progress/changes', () => {
      readAt.push(performance.now())
      return { body: pageOf(1, 5) }
    })
    server.onSocket = socket => {
      const send = (type: string, data: unknown): void => socket.send(JSON.stringify({ type, data }))
      send('session.ready', { epoch: 'e', seq: 5, expires_in: 600 })
      socket.on('message', () => send('resume.reset', { head: { epoch: 'e', seq: 5 } }))
    }
    client.connect()
    expectGrowing(await pausesOf(readAt, 4))
    expect(server.socketTokens).toHaveLength(1)
  })

  it('asks for tokens after ever longer pauses while each is about to end', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    await signIn({ backoff: growing })
    const renewedAt: number[] = []
    server.on('POST /auth/refresh', () => {
      renewedAt.push(performance.now())
      return { body: sessionOf(2) }
    })
    const serve = server.onSocket
    server.onSocket = socket => {
      serve(socket)
      const expire = (): void => socket.send(JSON.stringify({ type: 'token.expiring', data: { expires_in: 1 } }))
      expire()
      socket.on('message', expire)
    }
    client.connect()
    expectGrowing(await pausesOf(renewedAt, 4))
    expect(server.socketTokens).toHaveLength(1)
  })

  it('reads no log that leads nowhere', async () => {
    await signIn({ backoff })
    const reads = (): number => server.calls.filter(({ route }) => route === 'GET /progress/changes').length
    server.on('GET /progress/changes', problem(409, 'resync_required'))
    await expect(client.synchronise()).rejects.toMatchObject({ code: 'resync_required' })
    expect(reads()).toBe(1)
    server.on('GET /progress/changes', { body: { ...pageOf(1, 0), has_more: true } })
    await expect(client.synchronise()).rejects.toMatchObject({ code: 'unavailable' })
    expect(reads()).toBeLessThan(4)
    server.on('GET /progress/changes', ({ query }) => {
      const epoch = query.get('epoch') === 'f' ? 'e' : 'f'
      return { body: pageOf(Number(query.get('since')) + 1, 5, { epoch, head: 9 }) }
    })
    await expect(client.synchronise()).rejects.toMatchObject({ code: 'unavailable' })
    expect(reads()).toBeLessThan(9)
  })

  /** So many connections of another client, each of which comes back after it was cut. */
  const outwait = async (count: number): Promise<void> => {
    const other = createCairnClient({ gatewayUrl: server.url, realtimeUrl: server.url, session: sessionOf(1), backoff })
    const before = server.socketTokens.length
    other.connect()
    for (let dials = 1; dials <= count; dials += 1) {
      await eventually(() => expect([server.socketTokens.length - before, other.status]).toEqual([dials, 'live']))
      server.sockets.at(-1)?.terminate()
    }
    other.disconnect()
  }

  it('does not take a pause that no timer can hold for none', async () => {
    await signIn({ backoff })
    client.connect()
    await eventually(() => expect(client.status).toBe('live'))
    server.push('session.closing', { code: 4001, retry_after_ms: 3_000_000_000 })
    for (const socket of server.sockets) socket.close(4001)
    await eventually(() => expect(server.sockets).toEqual([]))
    await outwait(4)
    expect([client.status, server.socketTokens.filter(token => token === 'access-1').length]).toEqual(['offline', 1])
  })

  it('asks nothing of an idle connection when that is never to be', async () => {
    await signIn({ backoff, idleCheckMs: Infinity })
    const serve = server.onSocket
    const pings: number[] = []
    server.onSocket = socket => {
      const place = pings.push(0) - 1
      serve(socket)
      socket.on('message', message => {
        if ((message as Buffer).includes('ping')) pings[place] = (pings[place] ?? 0) + 1
      })
    }
    client.connect()
    await eventually(() => expect(client.status).toBe('live'))
    const more = { session: sessionOf(1), backoff, idleCheckMs: 20 }
    const other = createCairnClient({ gatewayUrl: server.url, realtimeUrl: server.url, ...more })
    other.connect()
    await eventually(() => expect(pings[1]).toBeGreaterThan(4))
    other.disconnect()
    expect(pings[0]).toBe(0)
  })

  it('hears of every error of a WebSocket that would end the process', async () => {
    const heard: boolean[] = []
    class NodeWebSocket extends WebSocketOfWs {
      override emit(event: string, ...args: unknown[]): boolean {
        if (event === 'error') heard.push(this.listenerCount('error') > 0)
        return this.listenerCount(event) > 0 && super.emit(event, ...args)
      }
    }
    await signIn({ backoff, WebSocket: NodeWebSocket as unknown as typeof WebSocket })
    server.refusedTokens.add('access-1')
    client.connect()
    await eventually(() => expect(client.status).toBe('live'))
    client.disconnect()
    client.connect()
    client.disconnect()
    expect(heard.length).toBeGreaterThan(3)
    expect(heard).not.toContain(false)
  })
})
