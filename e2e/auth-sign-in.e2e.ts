// Bad identity tokens and what goes wrong around signing in, at the HTTP surface: one test per row of the table of bad
// inputs (22, 23, 25 to 31, 33; what Apple's servers do is in auth-apple-away). Each order differs in one thing from one that
// is good, which is tried first.
import { createHash, randomUUID } from 'node:crypto'
import type { Nonce, Session } from '@cairn/contracts'
import { startAppleIssuer, type AppleIssuer } from '@cairn/local'
import { call, orderIdentityToken } from '@cairn/testkit'
import { startStack, type Stack } from '@cairn/testkit/stack'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { expectRefused, Secrets } from './auth/refusals.ts'

const secrets = new Secrets()
let stack: Stack
let database: pg.Pool
let attacker: AppleIssuer

beforeAll(async () => {
  stack = await startStack({ environment: { APPLE_KEYS_FETCH_FLOOR_MS: '0' } })
  database = new pg.Pool({ connectionString: stack.databaseUrl, max: 2 })
  attacker = await startAppleIssuer({ port: 0, clientIds: ['app.cairn.test'] })
})
afterAll(async () => {
  await attacker.stop()
  await database.end()
  await stack.stop()
})

const post = <Body = Session>(path: string, body: unknown) =>
  call<Body>(stack.gatewayUrl, `/api/v1${path}`, { method: 'POST', body })
const newNonce = async (): Promise<string> => secrets.add((await post<Nonce>('/auth/nonce', {})).body.nonce)
const hex = (text: string): string => createHash('sha256').update(text).digest('hex')
const now = (): number => Math.floor(Date.now() / 1_000)
const order = async (of: object, issuer = stack.apple.issuer): Promise<string> =>
  secrets.add(await orderIdentityToken(issuer, of))

/** A sign-in with a nonce of its own; `change` is laid over the order of the identity token. */
const signIn = async (change: object = {}, { issuer = stack.apple.issuer }: { issuer?: string } = {}) => {
  const nonce = await newNonce()
  const identityToken = await order({ sub: randomUUID(), nonce, ...change }, issuer)
  return post('/auth/apple', { identity_token: identityToken, nonce })
}
const control = (state: object) =>
  fetch(`${stack.apple.issuer}/control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(state),
  })
afterEach(async () => {
  await control({ keys: 'ok', token: 'ok' })
})
const keepSecret = ({ body }: { body: Session }): Session => {
  secrets.add(body.access_token)
  secrets.add(body.refresh_token)
  return body
}

it('an order that nothing is changed of is good', async () => {
  const answer = await signIn()
  expect(answer.status).toBe(200)
  expect(keepSecret(answer)).toMatchObject({ created: true, user: { is_guest: false } })
})

describe('an identity token', () => {
  it.each<[string, object]>([
    ['of another app', { aud: 'app.somebody.else' }],
    ['of an app whose id begins with ours', { aud: 'app.cairn.test.evil' }],
    ['of an app whose id ours begins with', { aud: 'app.cairn' }],
    ['of a list of apps with ours', { aud: ['app.cairn.test'] }],
    ['of no app', { aud: null }],
  ])('row 22: %s', async (_name, claims) => expectRefused(await signIn({ claims })))

  it("row 23: of an attacker's issuer, under its own name and under Apple's", async () => {
    expectRefused(await signIn({}, { issuer: attacker.issuer }))
    expectRefused(await signIn({ claims: { iss: stack.apple.issuer } }, { issuer: attacker.issuer }))
    expectRefused(await signIn({ claims: { iss: attacker.issuer } }))
    expectRefused(await signIn({ claims: { iss: `${stack.apple.issuer}/` } }))
    expectRefused(await signIn({ key: 'wrong' }))
  })

  it('row 25: without a nonce, whatever it says of support for them; a request without one is 400', async () => {
    for (const supported of [true, 'true', false, null]) {
      expectRefused(await signIn({ claims: { nonce: null, nonce_supported: supported } }))
    }
    const nonce = await newNonce()
    const identityToken = await order({ sub: randomUUID(), nonce })
    for (const body of [{ identity_token: identityToken }, { identity_token: identityToken, nonce: '' }]) {
      expect(await post('/auth/apple', body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    }
  })

  it.each<[string, (nonce: string) => string, 200 | 401]>([
    ['as it is', nonce => nonce, 200],
    ['as lower-case hex of its hash', hex, 200],
    ['as upper-case hex', nonce => hex(nonce).toUpperCase(), 401],
    ['as base64 of its hash', nonce => createHash('sha256').update(nonce).digest('base64'), 401],
    ['as base64url of its hash', nonce => createHash('sha256').update(nonce).digest('base64url'), 401],
    ['hashed twice', nonce => hex(hex(nonce)), 401],
    ['of somebody else', () => hex(randomUUID()), 401],
  ])('row 26: a nonce %s', async (_name, spell, status) => {
    const nonce = await newNonce()
    const identityToken = await order({ sub: randomUUID(), claims: { nonce: spell(nonce) } })
    const answer = await post('/auth/apple', { identity_token: identityToken, nonce })
    if (status === 401) expectRefused(answer)
    expect(answer.status).toBe(status)
  })

  it('row 26: used twice, and with a nonce nobody issued', async () => {
    const nonce = await newNonce()
    const identityToken = await order({ sub: randomUUID(), nonce })
    const body = { identity_token: identityToken, nonce }
    expect((await post('/auth/apple', body)).status).toBe(200)
    expectRefused(await post('/auth/apple', body))
    const made = secrets.add(randomUUID())
    expectRefused(
      await post('/auth/apple', { identity_token: await order({ sub: randomUUID(), nonce: made }), nonce: made }),
    )
  })

  it("row 26: another phone's nonce, though both were issued", async () => {
    const [own, other] = [await newNonce(), await newNonce()]
    const identityToken = await order({ sub: randomUUID(), nonce: other })
    expectRefused(await post('/auth/apple', { identity_token: identityToken, nonce: own }))
    expect((await post('/auth/apple', { identity_token: identityToken, nonce: other })).status).toBe(200)
  })

  it('row 27: two hours old, though its own end is ahead; and from an hour ahead', async () => {
    for (const iat of [now() - 7_200, now() + 3_600, null, 'now']) {
      expectRefused(await signIn({ claims: { iat, exp: now() + 86_400 } }))
    }
    expectRefused(await signIn({ claims: { exp: now() - 3_600 } }))
    expect((await signIn({ claims: { iat: now() - 300 } })).status).toBe(200)
  })

  it.each<[unknown, boolean]>([
    [true, true],
    ['true', true],
    ['false', false],
    [false, false],
    ['TRUE', false],
    [1, false],
    [null, false],
    [{}, false],
  ])('row 28: email_verified %j is %s', async (verified, expected) => {
    const email = secrets.add(`${randomUUID()}@example.test`)
    const answer = await signIn({ email, claims: { email_verified: verified } })
    const { user } = keepSecret(answer)
    const { rows } = await database.query<{ email_verified: boolean }>(
      'SELECT email_verified FROM auth.users WHERE id = $1',
      [user.id],
    )
    expect(rows).toEqual([{ email_verified: expected }])
  })

  it('row 29: with the e-mail of an existing account opens an account of its own', async () => {
    const email = secrets.add(`${randomUUID()}@example.test`)
    const owner = keepSecret(await signIn({ email }))
    const other = keepSecret(await signIn({ email }))
    expect(other).toMatchObject({ created: true })
    expect(other.user.id).not.toBe(owner.user.id)
  })

  it.each<[string, object]>([
    ['email', { email: 'victim@example.test' }],
    ['sub', { sub: 'victim' }],
    ['aud', { aud: 'app.somebody.else' }],
    ['iss', { iss: 'https://evil.test' }],
    ['user', { user: { email: 'victim@example.test' } }],
    ['__proto__', JSON.parse('{"__proto__":{"sub":"victim"}}') as object],
  ])('row 30: %s in the body is 400', async (_name, extra) => {
    const nonce = await newNonce()
    const identityToken = await order({ sub: randomUUID(), nonce })
    const body = JSON.stringify({ identity_token: identityToken, nonce, ...extra })
    const withPrototype = Object.hasOwn(extra, '__proto__')
      ? body.replace(/\}$/, ',"__proto__":{"sub":"victim"}}')
      : body
    expect(await post('/auth/apple', withPrototype)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
  })
})

describe('row 2 and row 5, for identity tokens', () => {
  it.each<[string, object]>([
    ['alg none', { alg: 'none' }],
    ['alg nOnE', { alg: 'nOnE' }],
    ['HS256 with the public key', { alg: 'HS256' }],
    ['no kid', { kid: null }],
    ['an unknown kid', { kid: 'unknown' }],
    ['a kid that is a path', { kid: '../../etc/passwd' }],
  ])('%s', async (_name, header) => expectRefused(await signIn({ header })))
})

describe("Apple's servers", () => {
  it('row 31: the signing key stands last in the set; a key that is gone from it is refused', async () => {
    const { keys } = (await (await fetch(`${stack.apple.issuer}/auth/keys`)).json()) as { keys: { kid: string }[] }
    const nonces = [await newNonce(), await newNonce()] as const
    const old = await order({ sub: randomUUID(), nonce: nonces[0] })
    const header = JSON.parse(Buffer.from(old.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }
    expect(keys.length).toBeGreaterThan(1)
    expect(keys.at(-1)?.kid).toBe(header.kid)
    expect((await signIn()).status).toBe(200)
    await control({ rotate_keys: true })
    expect((await signIn()).status).toBe(200)
    expectRefused(await post('/auth/apple', { identity_token: old, nonce: nonces[0] }))
  })
})

it.each(Array.from({ length: 8 }, (_, round) => round + 1))(
  'row 33: first sign-ins of one person at once make one user and a session each (%i)',
  async () => {
    const sub = randomUUID()
    // All is prepared first, so that the sign-ins themselves start together.
    const nonces = await Promise.all(Array.from({ length: 5 }, newNonce))
    const orders = await Promise.all(
      nonces.map(async nonce => ({ identity_token: await order({ sub, nonce }), nonce })),
    )
    const answers = await Promise.all(orders.map(body => post('/auth/apple', body)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    const sessions = answers.map(keepSecret)
    expect(new Set(sessions.map(({ user }) => user.id)).size).toBe(1)
    expect(new Set(sessions.map(({ session_id }) => session_id)).size).toBe(5)
    expect(sessions.filter(({ created }) => created)).toHaveLength(1)
  },
)

it('leaves no token, nonce or e-mail in a log', () => {
  expect(secrets.size).toBeGreaterThan(200)
  expect(stack.logs.lines.length).toBeGreaterThan(50)
  expect(secrets.linesWith(stack.logs.lines)).toEqual([])
})
