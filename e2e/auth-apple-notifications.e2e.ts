// Apple's server-to-server notifications at the HTTP surface: row 34 of the table of bad inputs.
import { randomUUID } from 'node:crypto'
import type { Session } from '@cairn/contracts'
import { call, eventually, orderIdentityToken, signInWithApple } from '@cairn/testkit'
import { startStack, type Stack } from '@cairn/testkit/stack'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectRefused, Secrets } from './auth/refusals.ts'

const secrets = new Secrets()
let stack: Stack

beforeAll(async () => {
  stack = await startStack()
})
afterAll(async () => {
  await stack.stop()
})

const post = <Body = Record<string, unknown>>(path: string, body: unknown) =>
  call<Body>(stack.gatewayUrl, `/api/v1${path}`, { method: 'POST', body })
const notify = (payload: unknown) => post('/auth/apple/notifications', { payload })
const order = async (events: unknown, change: { claims?: object; header?: object; key?: 'wrong' } = {}) => {
  const claims = { sub: null, jti: randomUUID(), events, ...change.claims }
  return secrets.add(await orderIdentityToken(stack.apple.issuer, { ...change, claims }))
}
const about = (type: string, sub: string) => ({ type, sub, event_time: Date.now() })
const keep = (session: Session): Session => {
  secrets.add(session.access_token)
  secrets.add(session.refresh_token)
  return session
}
const account = async () => {
  const sub = secrets.add(randomUUID())
  return { sub, session: keep(await signInWithApple(stack, sub)) }
}
const me = (session: Session) => call(stack.gatewayUrl, '/api/v1/me', { token: session.access_token })
const refresh = (session: Session) => post<Session>('/auth/refresh', { refresh_token: session.refresh_token })
const expectSignedOut = async (session: Session): Promise<void> => {
  await eventually(async () => expectRefused(await me(session)), 1_000)
  expectRefused(await refresh(session))
}

const faults: [string, Parameters<typeof order>[1]][] = [
  ['signed by somebody else', { key: 'wrong' }],
  ['with alg none', { header: { alg: 'none' } }],
  ['with HS256 and the public key', { header: { alg: 'HS256' } }],
  ['without a key id', { header: { kid: null } }],
  ['for another app', { claims: { aud: 'com.example.other' } }],
  ['of another issuer', { claims: { iss: 'https://evil.example' } }],
  ['without an id', { claims: { jti: null } }],
  ['without events', { claims: { events: null } }],
  ['of long ago', { claims: { iat: Math.floor(Date.now() / 1_000) - 8 * 86_400 } }],
]
it.each(faults)('row 34: %s is refused and does nothing', async (_name, change) => {
  const { sub, session } = await account()
  expectRefused(await notify(await order(about('consent-revoked', sub), change)))
  expect((await me(session)).status).toBe(200)
})

it('row 34: an identity token is none, and what is no token at all is refused or 400', async () => {
  const { sub, session } = await account()
  expectRefused(await notify(secrets.add(await orderIdentityToken(stack.apple.issuer, { sub }))))
  expectRefused(await notify(session.access_token))
  for (const payload of [undefined, null, 7, '', { payload: {} }]) {
    expect(await notify(payload)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
  }
  expect((await me(session)).status).toBe(200)
})

it.each<[string, (event: object) => unknown]>([
  ['a string', event => JSON.stringify(event)],
  ['an object', event => event],
  ['a list', event => [event]],
])('row 34: events as %s: consent revoked ends all sessions, and the account stays', async (_name, spell) => {
  const { sub, session } = await account()
  const other = keep(await signInWithApple(stack, sub))
  expect((await notify(await order(spell(about('consent-revoked', sub))))).status).toBe(200)
  for (const one of [session, other]) await expectSignedOut(one)
  expect(keep(await signInWithApple(stack, sub))).toMatchObject({ created: false, user: { id: session.user.id } })
})

it.each(['account-delete', 'account-deleted'])('row 34: %s deletes the account', async type => {
  const { sub, session } = await account()
  expect((await notify(await order(about(type, sub)))).status).toBe(200)
  await expectSignedOut(session)
  const again = keep(await signInWithApple(stack, sub))
  expect(again).toMatchObject({ created: true })
  expect(again.user.id).not.toBe(session.user.id)
})

it('row 34: of one id counts once, whether it comes at once or later', async () => {
  const { sub, session } = await account()
  const payload = await order(about('consent-revoked', sub))
  const answers = await Promise.all(Array.from({ length: 5 }, () => notify(payload)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  await expectSignedOut(session)
  const back = keep(await signInWithApple(stack, sub))
  expect((await notify(payload)).status).toBe(200)
  expect((await refresh(back)).status).toBe(200)
  expect((await me(back)).status).toBe(200)
})

it('row 34: of a kind, about somebody or in a form nobody knows is 200 and changes nothing', async () => {
  const { sub, session } = await account()
  for (const events of [about('something-new', sub), about('email-disabled', sub), about('account-delete', 'nobody')]) {
    expect((await notify(await order(events))).status).toBe(200)
  }
  for (const events of ['{', '7', [], [null], {}, { type: 7, sub }]) {
    expect((await notify(await order(events))).status).toBe(200)
  }
  expect((await me(session)).status).toBe(200)
})

it('leaves no notification, token or subject in a log', () => {
  expect(secrets.size).toBeGreaterThan(80)
  expect(stack.logs.lines.length).toBeGreaterThan(50)
  expect(secrets.linesWith(stack.logs.lines)).toEqual([])
})
