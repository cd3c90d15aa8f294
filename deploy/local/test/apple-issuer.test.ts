// The local Apple issuer over HTTP: what a verifier sees of it, and that it can be as wrong as it is asked to be.
import { createHash } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startAppleIssuer, type AppleIssuer } from '../src/apple-issuer/apple-issuer.ts'

const clientIds = ['com.example.app', 'com.example.web']

const post = async (issuer: AppleIssuer, path: string, body: object): Promise<Response> =>
  fetch(`${issuer.issuer}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const mint = async (issuer: AppleIssuer, order: object): Promise<string> => {
  const answer = (await (await post(issuer, '/token', order)).json()) as { identity_token: string }
  return answer.identity_token
}

const keySetOf = async (issuer: AppleIssuer): Promise<JSONWebKeySet> =>
  (await (await fetch(`${issuer.issuer}/auth/keys`)).json()) as JSONWebKeySet

const verify = async (issuer: AppleIssuer, token: string) =>
  jwtVerify(token, createLocalJWKSet(await keySetOf(issuer)), {
    algorithms: ['RS256'],
    issuer: issuer.issuer,
    audience: clientIds[0] ?? '',
  })

const exchange = async (issuer: AppleIssuer, form: Record<string, string>): Promise<Response> =>
  fetch(`${issuer.issuer}/auth/token`, { method: 'POST', body: new URLSearchParams(form) })

describe('the local Apple issuer', () => {
  let issuer: AppleIssuer
  beforeAll(async () => {
    issuer = await startAppleIssuer({ port: 0, clientIds })
  })
  afterAll(async () => {
    await issuer.stop()
  })

  it('mints a token that its own key set verifies, signed by the last key of several', async () => {
    const token = await mint(issuer, { sub: 'one', email: 'a@example.com', nonce: 'raw nonce' })
    const { payload, protectedHeader } = await verify(issuer, token)
    expect(payload).toMatchObject({ sub: 'one', email: 'a@example.com', email_verified: true, aud: clientIds[0] })
    expect(payload['nonce']).toBe(createHash('sha256').update('raw nonce').digest('hex'))
    const { keys } = await keySetOf(issuer)
    expect(keys.length).toBeGreaterThan(1)
    expect(keys.at(-1)?.kid).toBe(protectedHeader.kid)
  })

  it('makes up a new subject when none is given', async () => {
    const subjects = [decodeJwt(await mint(issuer, {})).sub, decodeJwt(await mint(issuer, {})).sub]
    expect(subjects[0]).toMatch(/^\d{6}\.[0-9a-f]{32}\.\d{4}$/)
    expect(subjects[0]).not.toBe(subjects[1])
  })

  it('overrides and removes claims and header entries', async () => {
    const token = await mint(issuer, {
      nonce: 'raw',
      claims: { nonce: null, aud: ['x'], email_verified: 'false' },
      header: { kid: null, typ: 'at+jwt' },
    })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', typ: 'at+jwt' })
    expect(decodeJwt(token)).toMatchObject({ aud: ['x'], email_verified: 'false' })
    expect(decodeJwt(token)).not.toHaveProperty('nonce')
  })

  it('signs with another key under the known key id when a wrong one is wanted', async () => {
    const token = await mint(issuer, { key: 'wrong' })
    expect(decodeProtectedHeader(token).kid).toBe((await keySetOf(issuer)).keys.at(-1)?.kid)
    await expect(verify(issuer, token)).rejects.toThrow('signature verification failed')
  })

  it('leaves the signature out for alg none and makes an HMAC for HS256', async () => {
    const [unsigned, hmac] = [
      await mint(issuer, { header: { alg: 'none' } }),
      await mint(issuer, { header: { alg: 'HS256' } }),
    ]
    expect(unsigned.endsWith('.')).toBe(true)
    expect(Buffer.from(hmac.split('.')[2] ?? '', 'base64url')).toHaveLength(32)
  })

  it('refuses an order it does not understand', async () => {
    expect((await post(issuer, '/token', { subject: 'x' })).status).toBe(400)
    expect((await post(issuer, '/control', { keys: 'explode' })).status).toBe(400)
  })

  it('exchanges a code once, for a client it knows', async () => {
    const form = { client_id: clientIds[1] ?? '', client_secret: 's', code: 'c1', grant_type: 'authorization_code' }
    const first = await exchange(issuer, form)
    expect(first.status).toBe(200)
    const answer = (await first.json()) as { id_token: string; refresh_token: string }
    expect(decodeJwt(answer.id_token).aud).toBe(clientIds[1])
    expect(answer.refresh_token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    const again = await exchange(issuer, form)
    expect([again.status, await again.json()]).toEqual([400, { error: 'invalid_grant' }])
    const stranger = await exchange(issuer, { ...form, code: 'c2', client_id: 'com.other' })
    expect([stranger.status, await stranger.json()]).toEqual([400, { error: 'invalid_client' }])
  })
})

describe('the local Apple issuer when told to misbehave', () => {
  it('fails and hangs by endpoint, and still stops at once', async () => {
    const issuer = await startAppleIssuer({ port: 0, clientIds })
    await post(issuer, '/control', { keys: 'fail', token: 'hang' })
    expect((await fetch(`${issuer.issuer}/auth/keys`)).status).toBe(500)
    const hanging = fetch(`${issuer.issuer}/auth/token`, {
      method: 'POST',
      body: new URLSearchParams(),
      signal: AbortSignal.timeout(300),
    })
    await expect(hanging).rejects.toThrow('timeout')
    await post(issuer, '/control', { keys: 'ok' })
    expect((await fetch(`${issuer.issuer}/auth/keys`)).status).toBe(200)
    await issuer.stop()
  })
})

describe('the keys of the local Apple issuer', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'apple-issuer-'))
  })
  afterAll(async () => {
    await rm(directory, { recursive: true })
  })

  it('are kept over restarts in a file that others cannot read, and rotate when told', async () => {
    const keysFile = join(directory, 'made', 'keys.json')
    const first = await startAppleIssuer({ port: 0, clientIds, keysFile })
    const before = await keySetOf(first)
    await first.stop()
    expect((await stat(keysFile)).mode & 0o777).toBe(0o600)

    const second = await startAppleIssuer({ port: 0, clientIds, keysFile })
    expect(await keySetOf(second)).toEqual(before)
    await post(second, '/control', { rotate_keys: true })
    const rotated = await keySetOf(second)
    expect(rotated.keys.map(key => key.kid)).not.toContain(before.keys.at(-1)?.kid)
    expect(decodeProtectedHeader(await mint(second, {})).kid).toBe(rotated.keys.at(-1)?.kid)
    await second.stop()
  })
})
