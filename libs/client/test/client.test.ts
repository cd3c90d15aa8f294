// The client against a real server that can be told to refuse, to fail, to be late and to hang up.
import { eventually } from '@cairn/testkit'
import type { ChangesPage } from '@cairn/contracts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CairnProblem, createCairnClient, type CairnClient, type CairnClientOptions } from '../src/index.ts'
import { pageOf, problem, sessionOf, startServer, type TestServer } from './server.ts'

describe('the client', () => {
  let server: TestServer
  let client: CairnClient
  let seen: number[]
  let statuses: string[]

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
    server.on('POST /auth/guest', { body: sessionOf(1) })
    server.on('POST /auth/refresh', ({ body }) => {
      const { refresh_token } = body as { refresh_token: string }
      return { body: sessionOf(Number(refresh_token.split('-')[1]) + 1) }
    })
    client = create()
  })
  afterEach(async () => {
    client.disconnect()
    await server.stop()
  })
  const routes = (): string[] => server.calls.map(({ route }) => route)

  describe('over HTTP', () => {
    it('signs in, submits in batches of 500 and gives back every receipt', async () => {
      server.on('POST /progress/events', ({ body }) => {
        const { events } = body as { events: { event_id: string }[] }
        const results = events.map(({ event_id }) => ({ event_id, status: 'applied' }))
        return { body: { results, head: { epoch: 'e', seq: 1 } } }
      })
      await client.signInAsGuest({ platform: 'ios' })
      const events = Array.from({ length: 1_001 }, (_, index) => ({ event_id: `id-${index}` }))
      const receipts = await client.submitEvents(events)
      expect(receipts.map(({ event_id }) => event_id)).toEqual(events.map(({ event_id }) => event_id))
      expect(server.calls.map(({ token }) => token)).toEqual([undefined, 'access-1', 'access-1', 'access-1'])
    })

    it('waits as long as the server asks, unless that is longer than it may', async () => {
      const limited = problem(429, 'rate_limited', { retry_after: 1 })
      server.on('POST /auth/guest', limited, { body: sessionOf(1) }, limited, { body: sessionOf(1) })
      await expect(client.signInAsGuest()).resolves.toBeDefined()
      await expect(create({ maxWaitMs: 500 }).signInAsGuest()).rejects.toMatchObject({ status: 429 })
    })

    it('refreshes once, however many calls find the token expired, and makes them again', async () => {
      server.on('GET /progress', ({ token }) =>
        token === 'access-1' ? problem(401, 'token_expired') : { body: { head: { epoch: 'e', seq: 0 } } },
      )
      await client.signInAsGuest()
      await Promise.all([1, 2, 3, 4].map(() => client.readSnapshot('Europe/Berlin')))
      expect(routes().filter(route => route === 'POST /auth/refresh')).toHaveLength(1)
      expect(server.calls.at(-1)?.query.get('time_zone')).toBe('Europe/Berlin')
      expect(client.session?.access_token).toBe('access-2')
    })

    it('says that the session is over when the refresh is refused', async () => {
      const kept: unknown[] = []
      client = create({ session: sessionOf(7), onSession: session => kept.push(session?.access_token) })
      server.on('GET /progress', problem(401, 'token_expired'))
      server.on('POST /auth/refresh', problem(401, 'token_invalid'))
      await expect(client.readSnapshot()).rejects.toMatchObject({ code: 'token_invalid' })
      expect([client.session, kept]).toEqual([undefined, [undefined]])
      await expect(client.readSnapshot()).rejects.toThrow('Nobody is signed in')
    })

    it('tries again after 503 and after a lost answer, but not a sign-in that may have happened', async () => {
      const session = { body: sessionOf(1) }
      server.on('POST /auth/guest', problem(503, 'unavailable', { retry_after: 0 }), session)
      await client.signInAsGuest()
      server.on('GET /progress', { hangUp: true }, problem(429, 'rate_limited', { retry_after: 0 }), { body: {} })
      await client.readSnapshot()
      expect(routes().filter(route => route === 'GET /progress')).toHaveLength(3)
      server.on('POST /auth/guest', { hangUp: true }, session)
      await expect(client.signInAsGuest()).rejects.toThrow('fetch failed')
    })

    it('gives an error its ids, and does not wait longer than it makes sense to', async () => {
      server.on('POST /auth/guest', problem(503, 'unavailable', { retry_after: 3_600, incident_id: 'inc_1' }))
      const error: unknown = await client.signInAsGuest().catch((failed: unknown) => failed)
      expect(error).toBeInstanceOf(CairnProblem)
      expect(error).toMatchObject({
        status: 503,
        requestId: 'request-id',
        incidentId: 'inc_1',
        retryAfterMs: 3_600_000,
      })
    })

    it('reads the log page by page, and anew when it cannot be continued', async () => {
      await client.signInAsGuest()
      server.on('GET /progress/changes', { body: pageOf(1, 2, { head: 3 }) }, { body: pageOf(3, 3) })
      await client.synchronise()
      expect([seen, client.log.head]).toEqual([[1, 2, 3], { epoch: 'e', seq: 3 }])
      server.on('GET /progress/changes', problem(409, 'resync_required'), { body: pageOf(1, 1, { epoch: 'f' }) })
      await client.synchronise()
      expect([seen, client.log.head]).toEqual([[1, 2, 3, Number.NaN, 1], { epoch: 'f', seq: 1 }])
      const asked = server.calls
        .filter(({ route }) => route === 'GET /progress/changes')
        .map(({ query }) => String(query))
      expect(asked).toEqual(['since=0', 'since=2&epoch=e', 'since=3&epoch=e', 'since=0'])
    })
  })

  describe('over realtime', () => {
    let head: { epoch: string; seq: number }
    let log: ChangesPage[]

    beforeEach(async () => {
      head = { epoch: 'e', seq: 0 }
      log = []
      server.onSocket = socket => {
        const send = (type: string, data: unknown): void => socket.send(JSON.stringify({ type, data }))
        send('session.ready', { ...head, expires_in: 600 })
        socket.on('message', message => {
          const { type, data } = JSON.parse((message as Buffer).toString()) as { type: string; data: { seq: number } }
          if (type === 'resume') send('progress.changed', pageOf(data.seq + 1, head.seq))
        })
      }
      await client.signInAsGuest()
    })
    const commit = (count: number): ChangesPage => {
      const page = pageOf(head.seq + 1, head.seq + count)
      head = { epoch: 'e', seq: head.seq + count }
      log.push(page)
      return page
    }
    const live = async (): Promise<void> => {
      client.connect()
      await eventually(() => expect(client.status).toBe('live'))
    }

    it('catches up, then takes what is pushed, each event once', async () => {
      commit(2)
      await live()
      await eventually(() => expect(seen).toEqual([1, 2]))
      const page = commit(1)
      server.push('progress.changed', page)
      server.push('progress.changed', page)
      server.push('something.new', {})
      server.push('progress.changed', commit(1))
      await eventually(() => expect(seen).toEqual([1, 2, 3, 4]))
      expect(server.received).toEqual([{ type: 'resume', data: { epoch: 'e', seq: 0 } }])
      expect(server.socketTokens).toEqual(['access-1'])
    })

    it('comes back after a cut and has what it missed', async () => {
      await live()
      commit(1)
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
      commit(1)
      server.push('progress.changed', commit(1))
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

    it('hands over notices, which are no part of the log', async () => {
      const notices: string[] = []
      client.disconnect()
      client = create({ session: sessionOf(1), onNotice: ({ text }) => notices.push(text) })
      commit(1)
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
  })
})
