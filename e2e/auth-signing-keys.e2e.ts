// Access tokens whose key has stopped signing, at the HTTP surface: row 18 of the table of bad inputs.
import { Bus, request } from '@cairn/bus'
import { rotateKeys, type KeySet, type Session } from '@cairn/contracts'
import { createLogger } from '@cairn/runtime'
import { call, eventually, signInAsGuest } from '@cairn/testkit'
import { startStack, type Stack } from '@cairn/testkit/stack'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { compact, goodClaims, goodHeader, readSigningKey, signedBy } from './auth/craft-token.ts'
import { expectRefused, Secrets } from './auth/refusals.ts'

const secrets = new Secrets()
let stack: Stack
let database: pg.Pool
let bus: Bus

beforeAll(async () => {
  stack = await startStack({ environment: { AUTH_KEY_PUBLISH_S: '1', AUTH_KEY_CHECK_MS: '100' } })
  database = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 })
  const logger = createLogger({ service: 'operator', level: 'silent' })
  bus = await Bus.connect({ url: stack.bus.url, name: 'operator', logger })
})
afterAll(async () => {
  await bus.drain(100)
  await database.end()
  await stack.stop()
})

const me = (token: string) => call(stack.gatewayUrl, '/api/v1/me', { token: secrets.add(token) })
const rotate = (revokePrevious: boolean): Promise<void> =>
  eventually(async () => {
    const payload = { revoke_previous: revokePrevious }
    expect(await request(bus, rotateKeys, { payload, timeoutMs: 2_000 })).toMatchObject({ rotated: true })
  }, 10_000)
const keyIdOf = ({ access_token: token }: Session): string =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid
const published = async (): Promise<string[]> =>
  (await call<KeySet>(stack.gatewayUrl, '/.well-known/jwks.json')).body.keys.map(({ kid }) => kid)
const signedBefore = async () => {
  const session = await signInAsGuest(stack)
  secrets.add(session.refresh_token)
  const key = await readSigningKey(stack, database)
  const unseen = (): string => compact(goodHeader(key), goodClaims(session), signedBy(key.privateKey))
  expect((await me(session.access_token)).status).toBe(200)
  return { session, unseen }
}

it('row 18: a token of the previous key is good until its end, seen before or not', async () => {
  const { session, unseen } = await signedBefore()
  await rotate(false)
  const next = await signInAsGuest(stack)
  expect(keyIdOf(next)).not.toBe(keyIdOf(session))
  for (const token of [session.access_token, unseen(), next.access_token]) expect((await me(token)).status).toBe(200)
  expect(await published()).toEqual(expect.arrayContaining([keyIdOf(session), keyIdOf(next)]))
})

it('row 18: a token of a revoked key is refused, seen before or not; refreshing brings a good one', async () => {
  const { session, unseen } = await signedBefore()
  await rotate(true)
  await eventually(async () => expectRefused(await me(session.access_token)), 1_000)
  expectRefused(await me(unseen()))
  expect(await published()).not.toContain(keyIdOf(session))
  const body = { refresh_token: session.refresh_token }
  const answer = await call<Session>(stack.gatewayUrl, '/api/v1/auth/refresh', { method: 'POST', body })
  expect(answer.status).toBe(200)
  secrets.add(answer.body.refresh_token)
  expect((await me(answer.body.access_token)).status).toBe(200)
})

it('leaves no token in a log', () => {
  expect(secrets.size).toBeGreaterThan(15)
  expect(stack.logs.lines.length).toBeGreaterThan(20)
  expect(secrets.linesWith(stack.logs.lines)).toEqual([])
})
