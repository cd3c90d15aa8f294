// A guest signs in with Apple: the server is shown who they are, and what is theirs stays theirs.
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCairnClient, type CairnClient } from '../src/index.ts'
import { otherSessionOf, pageOf, problem, receiptsOf, sessionOf, startServer, type TestServer } from './server.ts'

const apple = 'POST /auth/apple'
const identity = { identity_token: 'token', nonce: 'nonce' }
const upgraded = { ...sessionOf(3), user: { ...sessionOf(3).user, is_guest: false } }

describe('a guest who signs in with Apple', () => {
  let server: TestServer
  let client: CairnClient
  let resets: number

  beforeEach(async () => {
    server = await startServer()
    resets = 0
    server.on('POST /auth/refresh', { body: sessionOf(2) }, { body: sessionOf(5) })
    server.on('POST /progress/events', problem(503, 'unavailable', { retry_after: 3_600 }))
    server.on('GET /progress/changes', { body: pageOf(1, 3) })
    client = createCairnClient({
      gatewayUrl: server.url,
      realtimeUrl: server.url,
      session: sessionOf(1),
      backoff: { firstMs: 5, mostMs: 20 },
      onReset: () => (resets += 1),
    })
    await client.synchronise()
    await client.record({ event_id: 'a' })
    await tried()
  })
  afterEach(async () => {
    client.disconnect()
    await server.stop()
  })
  const tried = () => eventually(() => expect(tokens('POST /progress/events')).toEqual(['access-1']))
  const tokens = (route: string) => server.calls.filter(call => call.route === route).map(({ token }) => token)

  it('keeps the log, and what was recorded is sent as the same user', async () => {
    server.on(apple, { body: upgraded })
    server.on('POST /progress/events', receiptsOf)
    await client.signInWithApple(identity)
    await eventually(() => expect(client.queuedEvents).toBe(0))
    expect([tokens(apple), tokens('POST /progress/events').at(-1)]).toEqual([['access-2'], 'access-3'])
    expect([client.session?.user.is_guest, client.log.head?.seq, resets]).toEqual([false, 3, 0])
  })

  it('is upgraded though the access token is not taken any more', async () => {
    server.on(apple, problem(401, 'token_expired'), { body: upgraded })
    await client.signInWithApple(identity)
    expect(tokens(apple)).toEqual(['access-2', 'access-5'])
  })

  it('signs in by themselves where the guest’s session is over', async () => {
    server.on('POST /auth/refresh', problem(401, 'token_invalid'))
    server.on(apple, { body: otherSessionOf(1) })
    await client.signInWithApple(identity)
    expect([tokens(apple), client.session?.access_token]).toEqual([[undefined], 'other-1'])
  })

  it('becomes the user of the account that the identity has, and leaves the guest what is the guest’s', async () => {
    server.on(apple, { body: otherSessionOf(1) })
    server.on('POST /progress/events', receiptsOf)
    await client.signInWithApple(identity)
    await client.record({ event_id: 'b' })
    await eventually(() => expect(tokens('POST /progress/events').at(-1)).toBe('other-1'))
    await eventually(() => expect(client.queuedEvents).toBe(1))
    expect([client.log.head, resets]).toEqual([undefined, 1])
  })

  it('hears that the identity was taken just now, and stays a guest', async () => {
    server.on(apple, problem(409, 'identity_taken'))
    await expect(client.signInWithApple(identity)).rejects.toMatchObject({ status: 409, code: 'identity_taken' })
    expect([client.session?.access_token, client.queuedEvents]).toEqual(['access-2', 1])
  })

  it('shows no token once upgraded', async () => {
    server.on(apple, { body: upgraded })
    await client.signInWithApple(identity)
    await client.signInWithApple(identity)
    expect(tokens(apple)).toEqual(['access-2', undefined])
  })
})
