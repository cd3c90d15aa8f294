// The user signs out or deletes the account: what is then left here, and what the server was told.
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CairnClient, CairnClientOptions, QueuedEvent } from '../src/index.ts'
import { clientAt, otherSessionOf, problem, sessionOf, startServer, type Answer, type TestServer } from './server.ts'

const logOut = 'POST /auth/logout'
const deleteMe = 'DELETE /me'

describe('whoever leaves', () => {
  let server: TestServer
  let client: CairnClient
  let kept: (string | undefined)[]
  let stored: readonly QueuedEvent[]

  const create = (more: Partial<CairnClientOptions> = {}): CairnClient =>
    clientAt(server, {
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

  /** The account is gone, and its tokens with it; so much the server said before, if anything. */
  const alreadyDeleted = (...before: Answer[]): void => {
    server.on(deleteMe, ...before, problem(401, 'token_invalid'))
    server.on('POST /auth/refresh', problem(401, 'token_invalid'))
  }

  it('has nothing left here though the answer to the deletion got lost', async () => {
    await client.record({ event_id: 'a' })
    alreadyDeleted({ hangUp: true })
    await expect(client.deleteAccount()).rejects.toThrow('fetch failed')
    await client.deleteAccount()
    expect([client.session, client.queuedEvents, stored]).toEqual([undefined, 0, []])
  })

  it('has nothing left here though the server could not say so in time', async () => {
    await client.record({ event_id: 'a' })
    alreadyDeleted(problem(503, 'unavailable', { retry_after: 0 }))
    await client.deleteAccount()
    expect([client.session, client.queuedEvents, stored]).toEqual([undefined, 0, []])
  })

  it('has nothing left here when the connection says that the session is over, after a lost answer', async () => {
    await live()
    await client.record({ event_id: 'a' })
    server.on(deleteMe, { hangUp: true })
    await expect(client.deleteAccount()).rejects.toThrow('fetch failed')
    for (const socket of server.sockets) socket.close(4503)
    await eventually(() => expect([client.session, client.queuedEvents, stored]).toEqual([undefined, 0, []]))
  })

  it('keeps what was recorded by signing out after a deletion that may have failed', async () => {
    server.on(deleteMe, { hangUp: true })
    await client.record({ event_id: 'a' })
    await expect(client.deleteAccount()).rejects.toThrow()
    await client.signOut()
    expect([client.queuedEvents, stored.length]).toEqual([1, 1])
  })

  it('takes no later end of the session for a deletion, once the account was seen', async () => {
    server.on(deleteMe, { hangUp: true }, problem(401, 'token_invalid'))
    await client.record({ event_id: 'a' })
    await expect(client.deleteAccount()).rejects.toThrow()
    await client.refresh()
    server.on('POST /auth/refresh', problem(401, 'token_invalid'))
    await expect(client.deleteAccount()).rejects.toMatchObject({ code: 'token_invalid' })
    expect([client.session, stored.length]).toEqual([undefined, 1])
  })

  it('is not told that the account was deleted by what only looks like an answer', async () => {
    server.on(deleteMe, { body: {} })
    await expect(client.deleteAccount()).rejects.toMatchObject({ code: 'unavailable' })
    expect(client.session).toBeDefined()
  })

  it('is not told that the account was deleted when only the session was over', async () => {
    await client.record({ event_id: 'a' })
    alreadyDeleted()
    await expect(client.deleteAccount()).rejects.toMatchObject({ code: 'token_invalid' })
    expect([client.session, client.queuedEvents]).toEqual([undefined, 1])
  })

  it('hears of it when the storage cannot forget a deleted account, which the next save mends', async () => {
    let broken = false
    const save = async (queued: readonly QueuedEvent[]): Promise<void> => {
      if (broken) throw new Error('disk full')
      stored = structuredClone(queued)
    }
    client = create({ storage: { load: async () => stored, save } })
    await client.record({ event_id: 'a' })
    broken = true
    await expect(client.deleteAccount()).rejects.toThrow('disk full')
    expect([client.session, client.queuedEvents, stored.length]).toEqual([undefined, 0, 1])
    broken = false
    server.on('POST /auth/guest', { body: otherSessionOf(1) })
    await client.signInAsGuest()
    await client.record({ event_id: 'b' })
    expect(stored.map(({ event }) => event)).toEqual([{ event_id: 'b' }])
  })

  it('is forgotten though what was kept can be loaded only later', async () => {
    let broken = true
    const load = async (): Promise<typeof stored> => {
      if (broken) throw new Error('locked')
      return stored
    }
    stored = [{ userId: sessionOf(1).user.id, event: { event_id: 'a' } }]
    client = create({ storage: { load, save: async queued => void (stored = structuredClone(queued)) } })
    await expect(client.deleteAccount()).rejects.toThrow('locked')
    broken = false
    server.on('POST /auth/guest', { body: otherSessionOf(1) })
    await client.signInAsGuest()
    await client.record({ event_id: 'b' })
    expect(stored.map(({ event }) => event)).toEqual([{ event_id: 'b' }])
  })
})
