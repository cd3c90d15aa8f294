// Somebody else signs in on the same device, at the worst moments: nothing of one user becomes the other's.
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCairnClient, type CairnClient, type CairnClientOptions } from '../src/index.ts'
import {
  nodeOf,
  otherSessionOf,
  pageOf,
  problem,
  receiptsOf,
  sessionOf,
  startServer,
  type Answer,
  type Call,
  type TestServer,
} from './server.ts'

const events = 'POST /progress/events'
const changes = 'GET /progress/changes'
const refresh = 'POST /auth/refresh'

describe('when somebody else signs in', () => {
  let server: TestServer
  let client: CairnClient
  let seen: (number | 'reset')[]
  let kept: (string | undefined)[]
  const clients: CairnClient[] = []

  const create = (more: Partial<CairnClientOptions> = {}): CairnClient => {
    const created = createCairnClient({
      gatewayUrl: server.url,
      realtimeUrl: server.url,
      session: sessionOf(1),
      backoff: { firstMs: 5, mostMs: 20 },
      onSession: session => kept.push(session?.access_token),
      onEvents: page => seen.push(...page.map(({ seq }) => seq)),
      onReset: () => seen.push('reset'),
      ...more,
    })
    clients.push(created)
    return created
  }
  beforeEach(async () => {
    server = await startServer()
    server.on('POST /auth/guest', { body: otherSessionOf(1) })
    server.on(refresh, { body: sessionOf(2) })
    seen = []
    kept = []
    client = create()
  })
  afterEach(async () => {
    for (const one of clients.splice(0)) one.disconnect()
    await server.stop()
  })
  const tokensOf = (route: string): (string | undefined)[] =>
    server.calls.filter(call => call.route === route).map(({ token }) => token)
  /** The route's first answer comes when `release` is called. */
  const holdBack = (route: string, first: Answer, ...later: (Answer | ((call: Call) => Answer))[]): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    server.on(route, { ...first, after: promise }, ...later)
    return resolve
  }
  const called = (route: string): Promise<void> => eventually(() => expect(tokensOf(route)).not.toEqual([]))

  it('a call under way is made again for whom it was begun', async () => {
    const release = holdBack(events, problem(401, 'token_expired'), receiptsOf)
    const submitted = client.submitEvents([{ event_id: 'a' }])
    await called(events)
    await client.signInAsGuest()
    release()
    await submitted
    expect(tokensOf(events)).toEqual(['access-1', 'access-2'])
    expect(client.session?.access_token).toBe('other-1')
  })

  it('all batches of what is submitted are sent as one user', async () => {
    const all = Array.from({ length: 501 }, (_, index) => ({ event_id: `e${index}` }))
    const first = { route: events, query: new URLSearchParams(), token: undefined, body: { events: all.slice(1) } }
    const release = holdBack(events, receiptsOf(first), receiptsOf)
    const submitted = client.submitEvents(all)
    await called(events)
    await client.signInAsGuest()
    release()
    await submitted
    expect(tokensOf(events)).toEqual(['access-1', 'access-1'])
  })

  it.each([
    ['answered', { body: sessionOf(2) }],
    ['refused', problem(401, 'token_invalid')],
  ])('a refresh under way that is %s leaves the new session alone', async (_, answer) => {
    const release = holdBack(refresh, answer)
    const refreshed = client.refresh().catch(() => undefined)
    await called(refresh)
    await client.signInAsGuest()
    server.on(refresh, { body: otherSessionOf(2) })
    release()
    await refreshed
    expect([client.session?.access_token, kept]).toEqual(['other-1', ['other-1']])
    await client.refresh()
    expect(client.session?.access_token).toBe('other-2')
  })

  it('the new session has a refresh of its own', async () => {
    const release = holdBack(refresh, { body: sessionOf(2) }, { body: otherSessionOf(2) })
    const refreshed = client.refresh()
    await called(refresh)
    await client.signInAsGuest()
    expect((await client.refresh()).access_token).toBe('other-2')
    release()
    await refreshed
    expect(client.session?.access_token).toBe('other-2')
    const shown = server.calls.filter(({ route }) => route === refresh).map(({ body }) => body)
    expect(shown).toEqual([{ refresh_token: 'refresh-1' }, { refresh_token: 'other-refresh-1' }])
  })

  it('their log begins at its beginning', async () => {
    server.on(changes, ({ query }) => ({ body: pageOf(Number(query.get('since')) + 1, 3) }))
    await client.synchronise()
    await client.signInAsGuest()
    await client.synchronise()
    expect(seen).toEqual([1, 2, 3, 'reset', 1, 2, 3])
  })

  it('the same user goes on where the log was', async () => {
    server.on(changes, ({ query }) => ({ body: pageOf(Number(query.get('since')) + 1, 3) }))
    server.on('POST /auth/guest', { body: sessionOf(3) })
    await client.synchronise()
    await client.signInAsGuest()
    await client.synchronise()
    expect([seen, tokensOf(changes)]).toEqual([
      [1, 2, 3],
      ['access-1', 'access-3'],
    ])
  })

  it.each([
    ['page', { body: pageOf(1, 3) }],
    ['refusal', problem(409, 'resync_required')],
  ])('a %s that was asked for before is not theirs', async (_, answer) => {
    server.on(changes, { body: pageOf(1, 1) })
    await client.synchronise()
    const release = holdBack(changes, answer, { body: pageOf(1, 2) })
    const outcome = client.synchronise().catch((error: unknown) => error)
    await eventually(() => expect(tokensOf(changes)).toHaveLength(2))
    await client.signInAsGuest()
    await client.synchronise()
    release()
    expect(await outcome).toMatchObject({ message: 'Somebody else has signed in.' })
    expect(seen).toEqual([1, 'reset', 1, 2])
  })

  it('the connection becomes theirs', async () => {
    server.onSocket = socket =>
      socket.send(JSON.stringify({ type: 'session.ready', data: { epoch: 'e', seq: 0, expires_in: 600 } }))
    client.connect()
    await eventually(() => expect(server.received).toHaveLength(1))
    server.push('progress.changed', pageOf(1, 3))
    await eventually(() => expect(seen).toEqual([1, 2, 3]))
    await client.signInAsGuest()
    await eventually(() => expect(server.socketTokens).toEqual(['access-2', 'other-1']))
    await eventually(() => expect(server.sockets).toHaveLength(1))
    await eventually(() => expect(server.received.at(-1)).toEqual({ type: 'resume', data: { epoch: 'e', seq: 0 } }))
    server.push('progress.changed', pageOf(1, 2))
    await eventually(() => expect(seen).toEqual([1, 2, 3, 'reset', 1, 2]))
  })

  it('what was recorded under them is sent though the old session is refused just then', async () => {
    const release = holdBack(events, problem(401, 'token_invalid'), receiptsOf)
    await client.record({ event_id: 'a' })
    await called(events)
    server.on('POST /auth/guest', { body: sessionOf(5) })
    await client.signInAsGuest()
    // The flush of the sign-in has found the queue busy.
    await client.readSnapshot().catch(() => undefined)
    server.on(refresh, problem(401, 'token_invalid'))
    release()
    await eventually(() => expect(tokensOf(events)).toEqual(['access-1', 'access-5']))
    await eventually(() => expect(client.queuedEvents).toBe(0))
  })

  it('a late answer to the deletion of the account before leaves them connected', async () => {
    server.onSocket = nodeOf({ epoch: 'e', seq: 0, expires_in: 600 })
    const release = holdBack('DELETE /me', { status: 204 })
    client.connect()
    await eventually(() => expect(client.status).toBe('live'))
    const deleted = client.deleteAccount()
    await called('DELETE /me')
    await client.signInAsGuest()
    await eventually(() => expect(server.socketTokens).toEqual(['access-2', 'other-1']))
    release()
    await deleted
    expect([client.session?.access_token, client.status]).toEqual(['other-1', 'live'])
  })
})
