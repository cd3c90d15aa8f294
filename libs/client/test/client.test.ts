// The client over HTTP, against a real server that can be told to refuse, to fail, to be late and to hang up.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CairnProblem, createCairnClient, type CairnClient, type CairnClientOptions } from '../src/index.ts'
import { pageOf, problem, sessionOf, startServer, type TestServer } from './server.ts'

describe('the client over HTTP', () => {
  let server: TestServer
  let client: CairnClient
  let seen: number[]

  const create = (more: Partial<CairnClientOptions> = {}): CairnClient =>
    createCairnClient({
      gatewayUrl: server.url,
      realtimeUrl: server.url,
      backoff: { firstMs: 10, mostMs: 50 },
      onEvents: events => seen.push(...events.map(({ seq }) => seq)),
      onReset: () => seen.push(Number.NaN),
      ...more,
    })
  beforeEach(async () => {
    server = await startServer()
    seen = []
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

  it('refreshes a token that is not valid any more, as after its key was withdrawn', async () => {
    server.on('GET /progress', ({ token }) =>
      token === 'access-1' ? problem(401, 'token_invalid') : { body: { head: { epoch: 'e', seq: 0 } } },
    )
    await client.signInAsGuest()
    await client.readSnapshot()
    expect(client.session?.access_token).toBe('access-2')
  })

  it('refreshes once for a call whose new token is refused too, and keeps the session', async () => {
    server.on('GET /progress', problem(401, 'token_invalid'))
    await client.signInAsGuest()
    await expect(client.readSnapshot()).rejects.toMatchObject({ code: 'token_invalid' })
    expect(routes().filter(route => route !== 'POST /auth/guest')).toEqual([
      'GET /progress',
      'POST /auth/refresh',
      'GET /progress',
    ])
    expect(client.session?.access_token).toBe('access-2')
  })

  it.each(['token_expired', 'token_invalid'])(
    'says that the session is over when the refresh is refused after %s',
    async code => {
      const kept: unknown[] = []
      client = create({ session: sessionOf(7), onSession: session => kept.push(session?.access_token) })
      server.on('GET /progress', problem(401, code))
      server.on('POST /auth/refresh', problem(401, 'token_invalid'))
      await expect(client.readSnapshot()).rejects.toMatchObject({ code: 'token_invalid' })
      expect([client.session, kept]).toEqual([undefined, [undefined]])
      await expect(client.readSnapshot()).rejects.toThrow('Nobody is signed in')
    },
  )

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
  it.each([
    [502, '<html>Bad gateway</html>', 'unavailable'],
    [502, '', 'unavailable'],
    [200, '<html>Welcome to our Wi-Fi</html>', 'unavailable'],
    [200, '', 'unavailable'],
    [404, '{"message":"no route"}', 'unavailable'],
    [413, '<html>Too large</html>', 'payload_too_large'],
    [429, '<html>Slow down</html>', 'rate_limited'],
  ])('makes a problem of a %i that is not the server’s: %s', async (status, html, code) => {
    const headers = { 'x-request-id': 'of-the-proxy', 'retry-after': '3600' }
    server.on('POST /auth/guest', { status, html, headers })
    const error: unknown = await client.signInAsGuest().catch((failed: unknown) => failed)
    expect(error).toBeInstanceOf(CairnProblem)
    expect(error).toMatchObject({ status, code, requestId: 'of-the-proxy', retryAfterMs: 3_600_000 })
    expect(routes()).toEqual(['POST /auth/guest'])
  })

  it('tries again what something in between failed to pass on, unless it may have happened', async () => {
    const session = { body: sessionOf(1) }
    const failed = { status: 503, html: '<html>' }
    server.on('POST /auth/guest', failed, session)
    await expect(client.signInAsGuest()).rejects.toMatchObject({ status: 503 })
    await client.signInAsGuest()
    server.on('GET /progress', failed, { status: 504, html: '' }, { body: {} })
    await client.readSnapshot()
    expect(routes().filter(route => route === 'GET /progress')).toHaveLength(3)
  })

  it('keeps the session when something in between refuses a refresh', async () => {
    await client.signInAsGuest()
    server.on('POST /auth/refresh', {
      status: 401,
      html: '<html>Log in to our proxy</html>',
      headers: { 'retry-after': '3600' },
    })
    await expect(client.refresh()).rejects.toMatchObject({ status: 401, code: 'unavailable' })
    expect(client.session).toBeDefined()
  })
})
