// The client module on the whole stack, where an app would come to harm: the device changes hands, its network goes away
// without a word.
import { randomUUID } from 'node:crypto'
import { createCairnClient, type CairnClient } from '@cairn/client'
import { eventually, orderIdentityToken, startLink } from '@cairn/testkit'
import { startStack, type Stack } from '@cairn/testkit/stack'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'

let stack: Stack
let client: CairnClient
beforeAll(async () => {
  stack = await startStack()
})
afterEach(() => client.disconnect())
afterAll(async () => {
  await stack.stop()
})

const practiced = (item: string): object => ({
  event_id: randomUUID(),
  track_id: 'piano',
  item_id: item,
  kind: 'practiced',
  occurred_at: new Date().toISOString(),
})

it('a device that changes hands shows each user their own log, whole', async () => {
  const seen: string[] = []
  client = createCairnClient({
    gatewayUrl: stack.gatewayUrl,
    realtimeUrl: stack.realtimeUrl,
    backoff: { firstMs: 20, mostMs: 200 },
    onEvents: events => seen.push(...events.map(({ seq, item_id }) => `${seq} ${item_id}`)),
    onReset: () => seen.push('reset'),
  })
  await client.signInAsGuest()
  client.connect()
  await client.submitEvents(['a', 'b', 'c'].map(practiced))
  await eventually(() => expect(seen).toEqual(['1 a', '2 b', '3 c']))
  await client.signInAsGuest()
  await client.submitEvents(['v', 'w', 'x', 'y', 'z'].map(practiced))
  await eventually(() => expect(seen.slice(3)).toEqual(['reset', '1 v', '2 w', '3 x', '4 y', '5 z']))
  expect(client.log.items.map(({ item_id }) => item_id).toSorted()).toEqual(['v', 'w', 'x', 'y', 'z'])
  expect(client.log.totals?.items).toBe(5)
})

it('a device whose network is gone without a word is not live, and has all when it is back', async () => {
  const link = await startLink(stack.realtimeUrl)
  const seen: number[] = []
  client = createCairnClient({
    gatewayUrl: stack.gatewayUrl,
    realtimeUrl: link.url.replace(/\/$/, ''),
    idleCheckMs: 200,
    answerTimeoutMs: 2_000,
    backoff: { firstMs: 20, mostMs: 200 },
    onEvents: events => seen.push(...events.map(({ seq }) => seq)),
  })
  await client.signInAsGuest()
  client.connect()
  await client.submitEvents([practiced('a')])
  await eventually(() => expect([client.status, seen]).toEqual(['live', [1]]))
  link.drop()
  await client.submitEvents([practiced('b')])
  await eventually(() => expect(client.status).not.toBe('live'))
  link.restore()
  await eventually(() => expect([client.status, seen]).toEqual(['live', [1, 2]]))
  client.disconnect()
  await link.stop()
})

it('a device whose session was ended on another one is told, and lets it go', async () => {
  const kept: (string | undefined)[] = []
  client = createCairnClient({ gatewayUrl: stack.gatewayUrl, realtimeUrl: stack.realtimeUrl })
  const session = await client.signInAsGuest()
  const other = createCairnClient({
    gatewayUrl: stack.gatewayUrl,
    realtimeUrl: stack.realtimeUrl,
    session,
    onSession: one => kept.push(one?.session_id),
  })
  other.connect()
  await eventually(() => expect(other.status).toBe('live'))
  await client.signOut()
  await eventually(() => expect(other.status).toBe('stopped'))
  expect([client.session, other.session, kept.at(-1)]).toEqual([undefined, undefined, undefined])
})

it('an account is deleted by its owner, on every device', async () => {
  client = createCairnClient({ gatewayUrl: stack.gatewayUrl, realtimeUrl: stack.realtimeUrl })
  const session = await client.signInAsGuest()
  await client.submitEvents([practiced('a')])
  await client.deleteAccount()
  expect(client.session).toBeUndefined()
  const other = createCairnClient({ gatewayUrl: stack.gatewayUrl, realtimeUrl: stack.realtimeUrl, session })
  await expect(other.readSnapshot()).rejects.toMatchObject({ code: 'token_invalid' })
  expect(other.session).toBeUndefined()
})

it('a guest who signs in with Apple is the same user, with all their progress', async () => {
  const seen: string[] = []
  client = createCairnClient({
    gatewayUrl: stack.gatewayUrl,
    realtimeUrl: stack.realtimeUrl,
    onEvents: events => seen.push(...events.map(({ seq, item_id }) => `${seq} ${item_id}`)),
    onReset: () => seen.push('reset'),
  })
  const guest = await client.signInAsGuest()
  client.connect()
  await client.record(practiced('a'))
  await eventually(() => expect(seen).toEqual(['1 a']))
  const { nonce } = await client.issueNonce()
  const identity = await orderIdentityToken(stack.apple.issuer, { sub: randomUUID(), nonce })
  const { user } = await client.signInWithApple({ identity_token: identity, nonce })
  expect([user.id, user.is_guest]).toEqual([guest.user.id, false])
  await client.record(practiced('b'))
  await eventually(() => expect(seen).toEqual(['1 a', '2 b']))
})
