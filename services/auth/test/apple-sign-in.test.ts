// Sign-in with Apple through the bus, with tokens of a real issuer that are wrong in one exact way each.
import { createHash, randomUUID } from 'node:crypto'
import { issueNonce, signInAsGuest, signInWithApple } from '@cairn/contracts'
import { orderIdentityToken } from '@cairn/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientIds, signIn, startAuthUnderTest, type AuthUnderTest } from './auth-under-test.ts'

const hour = 3_600
const now = (): number => Math.floor(Date.now() / 1_000)
const sha256 = (text: string, as: 'hex' | 'base64url'): string => createHash('sha256').update(text).digest(as)

let under: AuthUnderTest
beforeAll(async () => {
  under = await startAuthUnderTest()
})
afterAll(async () => {
  await under.stop()
})

const orderToken = (order: object): Promise<string> => orderIdentityToken(under.apple.issuer, order)
const newNonce = async (): Promise<string> => (await under.ask(issueNonce, {})).nonce
const countOf = async (table: 'users' | 'sessions' | 'nonces'): Promise<number> => {
  const { rows } = await under.database.query<{ count: string }>(`SELECT count(*) FROM auth.${table}`)
  return Number(rows[0]?.count)
}

describe('sign-in with Apple', () => {
  it('makes an account and a session, and finds the account again', async () => {
    const first = await signIn(under, { sub: 'anna', email: 'anna@example.com' })
    expect(first).toMatchObject({ created: true, token_type: 'Bearer', expires_in: 600 })
    expect(first.user).toMatchObject({ is_guest: false, email: 'anna@example.com', display_name: null })
    const second = await signIn(under, { sub: 'anna' })
    expect(second.created).toBe(false)
    expect(second.user).toEqual(first.user)
    expect(second.session_id).not.toBe(first.session_id)
  })

  it.each<[string, (nonce: string) => object]>([
    ['a nonce sent verbatim, as on the web', nonce => ({ claims: { nonce } })],
    ['another of our client ids', () => ({ claims: { aud: clientIds[1] } })],
    ['a token nine minutes old', () => ({ claims: { iat: now() - 540 } })],
    ['a clock half a minute ahead', () => ({ claims: { iat: now() + 30 } })],
    ['no e-mail', () => ({ claims: { email: null } })],
  ])('accepts %s', async (_name, change) => {
    const nonce = await newNonce()
    const token = await orderToken({ nonce, ...change(nonce) })
    expect(await under.ask(signInWithApple, { identity_token: token, nonce })).toMatchObject({ created: true })
  })

  it.each([
    [true, true],
    ['true', true],
    ['false', false],
    [false, false],
    ['TRUE', false],
    [1, false],
    [null, false],
  ])('reads email_verified %j as %s', async (given, verified) => {
    const email = `${randomUUID()}@example.com`
    const { user } = await signIn(under, { email, claims: { email_verified: given } })
    const stored = await under.database.query('SELECT email, email_verified FROM auth.users WHERE id = $1', [user.id])
    expect(stored.rows).toEqual([{ email, email_verified: verified }])
  })

  it('never links by e-mail', async () => {
    const email = `${randomUUID()}@example.com`
    const one = await signIn(under, { email })
    const other = await signIn(under, { email })
    expect(other.created).toBe(true)
    expect(other.user.id).not.toBe(one.user.id)
  })

  it('keeps what people call themselves and their devices without control characters', async () => {
    const nonce = await newNonce()
    const token = await orderToken({ nonce })
    const session = await under.ask(signInWithApple, {
      identity_token: token,
      nonce,
      display_name: 'An\u0000na\n',
      device: { id: 'd\u00001', name: ' phone\u0000 ', platform: 'ios' },
    })
    expect(session.user.display_name).toBe('Anna')
    const { rows } = await under.database.query(
      'SELECT device_id, device_name, device_platform FROM auth.sessions WHERE id = $1',
      [session.session_id],
    )
    expect(rows).toEqual([{ device_id: 'd1', device_name: 'phone', device_platform: 'ios' }])
  })
})

describe('a wrong identity token', () => {
  const orders: [string, (nonce: string) => object][] = [
    ['alg none', () => ({ header: { alg: 'none' } })],
    ['HS256 with the public key', () => ({ header: { alg: 'HS256' } })],
    ['another key under a known id', () => ({ key: 'wrong' })],
    ['no key id', () => ({ header: { kid: null } })],
    ['a key id that is a number', () => ({ header: { kid: 5 } })],
    ['an unknown key id', () => ({ header: { kid: '../../etc/passwd' } })],
    [
      'its own key in the header',
      () => ({ key: 'wrong', header: { jwk: { kty: 'RSA' }, jku: 'http://127.0.0.1:1/' } }),
    ],
    ['the type of an access token', () => ({ header: { typ: 'at+jwt' } })],
    ['a critical extension nobody knows', () => ({ header: { crit: ['x'], x: 1 } })],
    ['an unencoded payload', () => ({ header: { crit: ['b64'], b64: false } })],
    ['the audience of another app', () => ({ claims: { aud: 'com.example.other' } })],
    ['a list of audiences with ours', () => ({ claims: { aud: [clientIds[0], 'com.example.other'] } })],
    ['no audience', () => ({ claims: { aud: null } })],
    ['another issuer', () => ({ claims: { iss: 'https://evil.example' } })],
    ['an issuer that is Apple when we trust another', () => ({ claims: { iss: 'https://appleid.apple.com' } })],
    ['an issuer with a slash more', () => ({ claims: { iss: `${under.apple.issuer}/` } })],
    ['no subject', () => ({ claims: { sub: null } })],
    ['a subject that is a number', () => ({ claims: { sub: 5 } })],
    ['an iat two hours old, exp ahead', () => ({ claims: { iat: now() - 2 * hour } })],
    ['an iat an hour ahead', () => ({ claims: { iat: now() + hour } })],
    ['no iat', () => ({ claims: { iat: null } })],
    ['an end that is past', () => ({ claims: { exp: now() - hour } })],
    ['no end', () => ({ claims: { exp: null } })],
    ['no nonce', () => ({ claims: { nonce: null } })],
    ['no nonce, said not to be supported', () => ({ claims: { nonce: null, nonce_supported: false } })],
    ['the hash of the nonce in base64url', nonce => ({ claims: { nonce: sha256(nonce, 'base64url') } })],
    ['the hash of the nonce in upper case', nonce => ({ claims: { nonce: sha256(nonce, 'hex').toUpperCase() } })],
    ['the nonce of somebody else', () => ({ nonce: 'of somebody else' })],
  ]

  const refused = { name: 'CairnError', code: 'token_invalid', detail: undefined, errors: undefined }
  const rowCounts = async (): Promise<number[]> =>
    Promise.all([countOf('users'), countOf('sessions'), countOf('nonces')])
  /** What the sign-in was answered with, and whether it changed any table. */
  const attempt = async (token: string, nonce: string) => {
    const before = await rowCounts()
    const answer = await under.ask(signInWithApple, { identity_token: token, nonce }).catch((error: unknown) => error)
    return { answer, changed: (await rowCounts()).join() !== before.join() }
  }

  it.each(orders)('with %s is refused without a trace', async (_name, change) => {
    const nonce = await newNonce()
    const { answer, changed } = await attempt(await orderToken({ nonce, ...change(nonce) }), nonce)
    expect(answer).toMatchObject(refused)
    expect(changed).toBe(false)
  })

  it.each<[string, (token: string) => string]>([
    ['spelled with unused bits set', token => `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`],
    ['with padding', token => `${token}==`],
    ['with a newline', token => `${token}\n`],
    ['with a fourth part', token => `${token}.x`],
    ['without a signature', token => token.slice(0, token.lastIndexOf('.') + 1)],
    ['that is no token', () => 'garbage'],
  ])('%s is refused', async (_name, respell) => {
    const nonce = await newNonce()
    const { answer, changed } = await attempt(respell(await orderToken({ nonce })), nonce)
    expect(answer).toMatchObject(refused)
    expect(changed).toBe(false)
  })

  it('is not what an access token of ours is', async () => {
    const nonce = await newNonce()
    const { access_token: token } = await under.ask(signInAsGuest, {})
    expect((await attempt(token, nonce)).answer).toMatchObject(refused)
  })
})

describe('a nonce', () => {
  it('counts only if we issued it', async () => {
    const nonce = 'made up by somebody'
    const token = await orderToken({ nonce })
    await expect(under.ask(signInWithApple, { identity_token: token, nonce })).rejects.toMatchObject({
      code: 'token_invalid',
    })
  })

  it('counts once, even when twenty use it at once', async () => {
    const nonce = await newNonce()
    const body = { identity_token: await orderToken({ nonce }), nonce }
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => under.ask(signInWithApple, body)))
    expect(outcomes.filter(one => one.status === 'fulfilled')).toHaveLength(1)
    await expect(under.ask(signInWithApple, body)).rejects.toMatchObject({ code: 'token_invalid' })
  })

  it('expires', async () => {
    const nonce = await newNonce()
    await under.database.query(`UPDATE auth.nonces SET expires_at = now() - interval '1 ms'`)
    const token = await orderToken({ nonce })
    await expect(under.ask(signInWithApple, { identity_token: token, nonce })).rejects.toMatchObject({
      code: 'token_invalid',
    })
  })
})

describe("Apple's keys", () => {
  const control = (body: object): Promise<Response> =>
    fetch(`${under.apple.issuer}/control`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  it('are not needed again while they are known, so Apple may be down', async () => {
    await signIn(under)
    await control({ keys: 'hang' })
    expect(await signIn(under)).toMatchObject({ created: true })
    await control({ keys: 'ok' })
  })

  it('are fetched again when a new one signs', async () => {
    const another = await startAuthUnderTest({ APPLE_KEYS_FETCH_FLOOR_MS: '0' })
    await signIn(another)
    await fetch(`${another.apple.issuer}/control`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rotate_keys: true }),
    })
    expect(await signIn(another)).toMatchObject({ created: true })
    await another.stop()
  })

  it('make sign-in unavailable when they were never had', async () => {
    const another = await startAuthUnderTest({ APPLE_KEYS_TIMEOUT_MS: '200' })
    const order = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"keys":"hang"}' }
    await fetch(`${another.apple.issuer}/control`, order)
    await expect(signIn(another)).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 1 })
    await another.stop()
  })
})

it('leaves no token, nonce or e-mail in a log', async () => {
  const nonce = await newNonce()
  const token = await orderToken({ nonce, email: 'secret@example.com' })
  const session = await under.ask(signInWithApple, { identity_token: token, nonce })
  await under.ask(signInWithApple, { identity_token: token, nonce }).catch(() => undefined)
  const text = under.logs.lines.join('\n')
  expect(text).toContain('identity token refused')
  for (const secret of [nonce, token, 'secret@example.com', session.refresh_token, session.access_token]) {
    expect(text).not.toContain(secret)
  }
})
