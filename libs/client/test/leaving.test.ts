// The user signs out or deletes the account: what is then left here, and what the server was told.
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCairnClient, type CairnClient, type CairnClientOptions, type QueuedEvent } from '../src/index.ts'
import { problem, sessionOf, startServer, type TestServer } from './server.ts'

const logOut = 'POST /auth/logout'
const deleteMe = 'DELETE /me'

describe('whoever leaves', () => {
  let server: TestServer
  let client: CairnClient
  let kept: (string | undefined)[]
  let stored: readonly QueuedEvent[]

  const create = (more: Partial<CairnClientOptions> = {}): CairnClient =>
    createCairnClient({
      gatewayUrl: server.url,
      realtimeUrl: server.url,
      session: sessionOf(1),
      backoff: { firstMs: 5, mostMs: 20 },
      storage: { load: async () => stored, save: async queued => void (stored = structuredClone(queued)) },
      onSession: session => kept.push(session?.access_token),
      ...more,
    })
  beforeEach(async () => {
    server = await startServer()
    server.on(logOut, { status: 204 })
    server.on(deleteMe, { status: 204 })
    server.on('POST /auth/refresh', { body: sessionOf(2) })
    server.on('POST /progress/events', problem(503, 'unavailable', { retry_after: 3_600 }))
    server.onSocket = socket =>
      socket.send(JSON.stringify({ type: 'session.ready', data: { epoch: 'e', seq: 0, expires_in: 600 } }))
    kept = []
    stored = []
    client = create()
  })
  afterEach(async () => {
    client.disconnect()
    await server.stop()
  })
  const callsOf = (route: string) => server.calls.filter(call => call.route === route)
  const live = async (): Promise<void> => {
    client.connect()
    await eventually(() => expect(client.status).toBe('live'))
  }

  it('has the session ended on the server by signing out, and is not connected any more', async () => {
    await live()
    await client.signOut()
    expect(callsOf(logOut)).toMatchObject([{ body: { refresh_token: 'refresh-2' } }])
    expect([client.session, client.status, kept.at(-1)]).toEqual([undefined, 'offline', undefined])
    await eventually(() => expect(server.sockets).toEqual([]))
    await expect(client.signOut()).rejects.toThrow('Nobody is signed in')
  })

  it('is signed out here though the server is not there, and hears of it', async () => {
    server.on(logOut, problem(503, 'unavailable', { retry_after: 3_600 }))
    await expect(client.signOut()).rejects.toMatchObject({ code: 'unavailable' })
    expect([client.session, kept]).toEqual([undefined, [undefined]])
  })

  it('leaves what was recorded for the next time', async () => {
    await client.record({ event_id: 'a' })
    await client.signOut()
    expect([client.queuedEvents, stored.length]).toEqual([1, 1])
    server.on('POST /progress/events', { body: { results: [{ event_id: 'a', status: 'applied' }], head: {} } })
    server.on('POST /auth/guest', { body: sessionOf(3) })
    await client.signInAsGuest()
    await eventually(() => expect(stored).toEqual([]))
    expect(callsOf('POST /progress/events').at(-1)?.token).toBe('access-3')
  })

  it('ends the session of the latest token, also while that is on its way', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    server.on('POST /auth/refresh', { body: sessionOf(2), after: promise })
    const refreshed = client.refresh()
    await eventually(() => expect(callsOf('POST /auth/refresh')).toHaveLength(1))
    const signedOut = client.signOut()
    resolve()
    await Promise.all([refreshed, signedOut])
    expect(callsOf(logOut)).toMatchObject([{ body: { refresh_token: 'refresh-2' } }])
    expect([client.session, kept]).toEqual([undefined, [undefined]])
  })

  it('has nothing left here of a deleted account', async () => {
    stored = [{ userId: 'somebody-else', event: { event_id: 'b' } }]
    await live()
    await client.record({ event_id: 'a' })
    await client.deleteAccount()
    expect(callsOf(deleteMe)).toMatchObject([{ token: 'access-2' }])
    expect([client.session, client.status, kept.at(-1)]).toEqual([undefined, 'offline', undefined])
    expect(stored).toEqual([{ userId: 'somebody-else', event: { event_id: 'b' } }])
  })

  it('stays signed in where the account could not be deleted', async () => {
    server.on(deleteMe, problem(503, 'unavailable', { retry_after: 3_600 }))
    await client.record({ event_id: 'a' })
    await expect(client.deleteAccount()).rejects.toMatchObject({ code: 'unavailable' })
    expect([client.session?.access_token, client.queuedEvents]).toEqual(['access-1', 1])
  })
})
