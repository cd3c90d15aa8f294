// The client over WebSocket, against a real server that sends what a test tells it to, hangs up and falls silent.
import { eventually, startLink } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCairnClient, type CairnClient, type CairnClientOptions } from '../src/index.ts'
import { nodeOf, pageOf, problem, serveLog, sessionOf, startServer, type ServedLog, type TestServer } from './server.ts'

describe('the client over realtime', () => {
  let server: TestServer
  let client: CairnClient
  let seen: number[]
  let statuses: string[]
  let log: ServedLog

  const create = (more: Partial<CairnClientOptions> = {}): CairnClient =>
    createCairnClient({
      gatewayUrl: server.url,
      realtimeUrl: server.url,
      backoff: { firstMs: 10, mostMs: 50 },
      onEvents: events => seen.push(...events.map(({ seq }) => seq)),
      onReset: () => seen.push(Number.NaN),
      onStatus: (status, code) => statuses.push(code === undefined ? status : `${status} ${code}`),
      ...more,
    })
  beforeEach(async () => {
    server = await startServer()
    seen = []
    statuses = []
    log = serveLog(server)
    server.on('POST /auth/guest', { body: sessionOf(1) })
    server.on('POST /auth/refresh', ({ body }) => {
      const { refresh_token } = body as { refresh_token: string }
      return { body: sessionOf(Number(refresh_token.split('-')[1]) + 1) }
    })
    client = create()
    await client.signInAsGuest()
  })
  afterEach(async () => {
    client.disconnect()
    await server.stop()
  })
  const pings = (): number => server.received.filter(({ type }) => type === 'ping').length
  const live = async (): Promise<void> => {
    client.connect()
    await eventually(() => expect(client.status).toBe('live'))
  }

  it('catches up, then takes what is pushed, each event once', async () => {
    log.commit(2)
    await live()
    await eventually(() => expect(seen).toEqual([1, 2]))
    const page = log.commit(1)
    server.push('progress.changed', page)
    server.push('progress.changed', page)
    server.push('something.new', {})
    server.push('progress.changed', log.commit(1))
    await eventually(() => expect(seen).toEqual([1, 2, 3, 4]))
    expect(server.received).toEqual([{ type: 'resume', data: { epoch: 'e', seq: 0 } }])
    expect(server.socketTokens).toEqual(['access-1'])
  })

  it('comes back after a cut and has what it missed', async () => {
    await live()
    log.commit(1)
    for (const socket of server.sockets) socket.terminate()
    await eventually(() => expect(seen).toEqual([1]))
    expect(statuses).toEqual(['connecting', 'live', 'offline', 'connecting', 'live'])
  })

  it('comes back after a drain, not before it is told to', async () => {
    await live()
    const asked = performance.now()
    server.push('session.closing', { code: 4001, retry_after_ms: 150 })
    for (const socket of server.sockets) socket.close(4001)
    await eventually(() => expect(server.socketTokens).toHaveLength(2))
    expect(performance.now() - asked).toBeGreaterThan(145)
  })

  it.each([4500, 4503, 4504])('stays away after %i', async code => {
    await live()
    server.push('session.closing', { code })
    for (const socket of server.sockets) socket.close(code)
    await eventually(() => expect(statuses.at(-1)).toBe(`stopped ${code}`))
    expect(server.socketTokens).toHaveLength(1)
  })

  it('refreshes before it comes back when its token has ended', async () => {
    await live()
    for (const socket of server.sockets) socket.close(4401)
    await eventually(() => expect(server.socketTokens).toEqual(['access-1', 'access-2']))
  })

  it('sends a new token when the old one is about to end', async () => {
    await live()
    server.push('token.expiring', { expires_in: 60 })
    await eventually(() =>
      expect(server.received).toContainEqual({ type: 'token.refresh', data: { token: 'access-2' } }),
    )
  })

  it('asks for what is missing when a page leaves a gap', async () => {
    await live()
    log.commit(1)
    server.push('progress.changed', log.commit(1))
    await eventually(() => expect(seen).toEqual([1, 2]))
  })

  it('reads the log anew over HTTP when it is told to start again', async () => {
    await live()
    server.on('GET /progress/changes', problem(409, 'resync_required'), { body: pageOf(1, 2, { epoch: 'f' }) })
    server.push('resume.reset', { head: { epoch: 'f', seq: 2 } })
    await eventually(() => expect(client.log.head).toEqual({ epoch: 'f', seq: 2 }))
    await eventually(() => {
      expect(server.received.at(-1)).toEqual({ type: 'resume', data: { epoch: 'f', seq: 2 } })
    })
  })

  it('stops when the session is over', async () => {
    await live()
    server.on('POST /auth/refresh', problem(401, 'token_invalid'))
    for (const socket of server.sockets) socket.close(4401)
    await eventually(() => expect(client.status).toBe('stopped'))
    expect(client.session).toBeUndefined()
  })

  it('stops, and keeps no session, when the server says that it is over', async () => {
    const kept: unknown[] = []
    client.disconnect()
    client = create({ session: sessionOf(1), onSession: session => kept.push(session?.access_token) })
    await live()
    for (const socket of server.sockets) socket.close(4503)
    await eventually(() => expect(client.status).toBe('stopped'))
    expect([client.session, kept.at(-1)]).toEqual([undefined, undefined])
    expect(kept).not.toEqual([])
  })

  it('stops, and keeps its session, when it is replaced', async () => {
    await live()
    for (const socket of server.sockets) socket.close(4504)
    await eventually(() => expect(client.status).toBe('stopped'))
    expect(client.session).toBeDefined()
  })

  it('hands over notices, which are no part of the log', async () => {
    const notices: string[] = []
    client.disconnect()
    client = create({ session: sessionOf(1), onNotice: ({ text }) => notices.push(text) })
    log.commit(1)
    await live()
    await eventually(() => expect(seen).toEqual([1]))
    const known = client.log.head
    server.push('notice.posted', {
      notice_id: 'id',
      text: 'Back in 5 minutes',
      posted_at: '2026-01-01T00:00:00.000Z',
    })
    await eventually(() => expect(notices).toEqual(['Back in 5 minutes']))
    expect([client.log.head, client.status]).toEqual([known, 'live'])
  })

  it('does not come back after disconnect', async () => {
    await live()
    client.disconnect()
    await eventually(() => expect(server.sockets).toHaveLength(0))
    client.connect()
    client.disconnect()
    client.connect()
    await eventually(() => expect(client.status).toBe('live'))
    expect(server.sockets).toHaveLength(1)
  })
  it('has one connection, however often it was called for while a refresh failed', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const failed = { ...problem(500, 'internal'), after: promise }
    server.on('POST /auth/refresh', failed, { body: sessionOf(2) })
    client = create({ session: sessionOf(1), backoff: { firstMs: 30, mostMs: 30 } })
    for (let times = 0; times < 5; times += 1) {
      client.connect()
      client.disconnect()
    }
    client.connect()
    resolve()
    // Coming back takes longer than the pause after which whatever else was called for would have connected.
    for (let cuts = 0; cuts < 4; cuts += 1) {
      await eventually(() => expect([server.socketTokens.length, client.status]).toEqual([cuts + 1, 'live']))
      server.sockets.at(-1)?.terminate()
    }
    await eventually(() => expect([server.socketTokens.length, server.sockets.length]).toEqual([5, 1]))
    client.disconnect()
    await eventually(() => expect(server.sockets).toEqual([]))
  })

  it('has no connection when it is disconnected from within `onStatus`', async () => {
    client = create({
      session: sessionOf(1),
      onStatus: status => {
        statuses.push(status)
        if (status === 'offline') client.disconnect()
      },
    })
    await live()
    for (const socket of server.sockets) socket.terminate()
    await eventually(() => expect(statuses).toEqual(['connecting', 'live', 'offline']))
    const other = create({ session: sessionOf(1), onStatus: () => undefined })
    other.connect()
    for (let cuts = 2; cuts < 5; cuts += 1) {
      await eventually(() => expect([server.socketTokens.length, other.status]).toEqual([cuts, 'live']))
      server.sockets.at(-1)?.terminate()
    }
    other.disconnect()
    expect(statuses).toEqual(['connecting', 'live', 'offline'])
  })
  it('asks once for what is missing, however many pages come before the answer', async () => {
    server.on('GET /progress/changes', { body: pageOf(1, 3) })
    await client.synchronise()
    log.head = { epoch: 'e', seq: 10 }
    const resumes = (): number => server.received.filter(({ type }) => type === 'resume').length
    server.onSocket = socket =>
      socket.send(JSON.stringify({ type: 'session.ready', data: { ...log.head, expires_in: 600 } }))
    await live()
    for (let pages = 0; pages < 20; pages += 1) server.push('progress.changed', log.commit(1))
    server.push('progress.changed', pageOf(1, 2))
    server.push('progress.changed', log.commit(1))
    // Frames keep their order, so all that was asked for is here with this one.
    server.push('token.expiring', { expires_in: 60 })
    await eventually(() => expect(server.received.at(-1)?.type).toBe('token.refresh'))
    expect(resumes()).toBe(1)
    server.push('progress.changed', pageOf(4, 8, { head: 31 }))
    server.push('progress.changed', pageOf(32, 32))
    server.push('progress.changed', pageOf(9, 31))
    await eventually(() => expect(seen.at(-1)).toBe(31))
    server.push('progress.changed', pageOf(33, 33))
    await eventually(() => expect(server.received.at(-1)).toEqual({ type: 'resume', data: { epoch: 'e', seq: 31 } }))
    expect(resumes()).toBe(2)
  })

  it('leaves a connection that carries nothing any more, and comes back', async () => {
    const link = await startLink(server.url)
    const times = { idleCheckMs: 50, answerTimeoutMs: 300 }
    client = create({ session: sessionOf(1), realtimeUrl: link.url.replace(/\/$/, ''), ...times })
    await live()
    link.drop()
    log.commit(1)
    await eventually(() => expect(client.status).not.toBe('live'))
    link.restore()
    await eventually(() => expect(seen).toEqual([1]))
    await eventually(() => expect([client.status, server.sockets.length]).toEqual(['live', 1]))
    client.disconnect()
    await link.stop()
  })

  it('stays on a connection where nothing happens, also while the log cannot be read', async () => {
    server.onSocket = nodeOf({ ...log.head, expires_in: 600, answers_ping: true })
    client = create({ session: sessionOf(1), idleCheckMs: 20, answerTimeoutMs: 1_000 })
    await live()
    await eventually(() => expect(pings()).toBeGreaterThan(4))
    // What it was missing when it came, and never got.
    expect(server.received.filter(({ type }) => type !== 'ping').map(({ type }) => type)).toEqual(['resume'])
    expect([statuses, server.socketTokens.length]).toEqual([['connecting', 'live'], 1])
  })

  it('asks nothing of a node that would not know what it is asked', async () => {
    server.onSocket = nodeOf({ ...log.head, expires_in: 600 })
    client = create({ session: sessionOf(1), idleCheckMs: 20, answerTimeoutMs: 20 })
    const other = create({ session: sessionOf(1), idleCheckMs: 20, onStatus: () => undefined })
    await live()
    // By the time that a later connection was checked five times, this one would have been left.
    server.onSocket = nodeOf({ ...log.head, expires_in: 600, answers_ping: true })
    other.connect()
    await eventually(() => expect(pings()).toBeGreaterThan(4))
    other.disconnect()
    expect([statuses, server.socketTokens.length]).toEqual([['connecting', 'live'], 2])
  })
})
