// Apple away, slow or absurd while people sign in: rows 19 and 32 of the table of bad inputs; and row 24, a service that
// would believe tokens for any app. Keys come of age within a second here, and Apple has 300 ms to answer.
import { execFile } from 'node:child_process'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Nonce, Session } from '@cairn/contracts'
import { call, eventually, orderIdentityToken, ownMs } from '@cairn/testkit'
import { startStack, type Stack } from '@cairn/testkit/stack'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Secrets } from './auth/refusals.ts'

const secrets = new Secrets()
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
let stack: Stack
let database: pg.Pool

beforeAll(async () => {
  stack = await startStack({
    environment: {
      APPLE_KEYS_MAX_AGE_S: '1',
      APPLE_KEYS_FETCH_FLOOR_MS: '0',
      APPLE_KEYS_TIMEOUT_MS: '300',
      APPLE_KEY_ID: 'KEYID00000',
      APPLE_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      APPLE_EXCHANGE_TIMEOUT_MS: '300',
      APPLE_EXCHANGE_POLL_MS: '50',
    },
  })
  database = new pg.Pool({ connectionString: stack.databaseUrl, max: 2 })
})
afterAll(async () => {
  await database.end()
  await stack.stop()
})
const control = (state: object) =>
  fetch(`${stack.apple.issuer}/control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(state),
  })
afterEach(async () => {
  await control({ keys: 'ok', token: 'ok' })
})

const post = <Body>(path: string, body: unknown) =>
  call<Body>(stack.gatewayUrl, `/api/v1${path}`, { method: 'POST', body })
const signIn = async (order: object = {}, extra: object = {}) => {
  const { nonce } = (await post<Nonce>('/auth/nonce', {})).body
  const identityToken = await orderIdentityToken(stack.apple.issuer, { sub: randomUUID(), nonce, ...order })
  const body = { identity_token: secrets.add(identityToken), nonce: secrets.add(nonce), ...extra }
  return post<Session>('/auth/apple', body)
}
const linesSaying = (...texts: string[]): number =>
  stack.logs.lines.filter(line => texts.every(text => line.includes(text))).length

describe("Apple's keys", () => {
  it.each(['fail', 'hang', 'flood'])(
    'row 19: are not to be had (%s): known ones serve on, and the log says so',
    async keys => {
      await eventually(async () => expect((await signIn()).status).toBe(200))
      await control({ keys })
      const before = linesSaying("could not fetch Apple's keys")
      const statuses: number[] = []
      await eventually(async () => {
        statuses.push((await signIn()).status)
        expect(linesSaying("could not fetch Apple's keys")).toBeGreaterThan(before)
      })
      statuses.push((await signIn()).status)
      expect(statuses.filter(status => status !== 200)).toEqual([])
    },
  )

  it('row 19: are not to be had: whether an unknown one is good cannot be told, so it is 503 and not 401', async () => {
    await signIn()
    await control({ keys: 'fail' })
    expect(await signIn({ header: { kid: 'unknown' } })).toMatchObject({
      status: 503,
      body: { code: 'unavailable', retry_after: expect.any(Number) },
    })
  })
})

interface Grant {
  readonly attempts: number
  readonly code_sealed: Buffer | null
  readonly refresh_token_sealed: Buffer | null
}

describe("Apple's token endpoint", () => {
  const grantOf = async ({ user }: Session): Promise<Grant | undefined> =>
    (await database.query<Grant>('SELECT * FROM auth.apple_grants WHERE user_id = $1', [user.id])).rows[0]

  it.each([
    ['fail', 'answered with status 500'],
    ['hang', 'aborted due to timeout'],
    ['flood', 'is larger than 65536 bytes'],
  ])(
    'row 32: says %s: nobody waits, no more of it is read, and the code is tried again until it is taken',
    async (token, cause) => {
      await control({ token })
      const extra = { authorization_code: secrets.add(`code-${randomUUID()}`) }
      const signingIn = signIn({}, extra)
      expect(await ownMs(() => signingIn)).toBeLessThan(1_000)
      const { status, body: session } = await signingIn
      expect(status).toBe(200)
      for (const text of [session.access_token, session.refresh_token]) secrets.add(text)
      await eventually(async () => expect((await grantOf(session))?.attempts).toBeGreaterThanOrEqual(1))
      await eventually(() =>
        expect(linesSaying('an authorization code could not be exchanged', cause, 'incident_id')).toBe(1),
      )
      expect(await grantOf(session)).toMatchObject({ code_sealed: expect.any(Buffer), refresh_token_sealed: null })
      await control({ token: 'ok' })
      await eventually(async () => {
        await database.query('UPDATE auth.apple_grants SET next_attempt_at = now() WHERE code_sealed IS NOT NULL')
        expect(await grantOf(session)).toMatchObject({ code_sealed: null, refresh_token_sealed: expect.any(Buffer) })
      })
    },
  )
})

it.each(['', ' ', ' , '])(
  'row 24: auth does not start with the list of apps %j, and says what is missing',
  async list => {
    const main = fileURLToPath(new URL('../services/auth/src/main.ts', import.meta.url))
    const environment = { ...process.env, ...stack.environment, APPLE_CLIENT_IDS: list }
    const { code, output } = await new Promise<{ code: unknown; output: string }>(resolve => {
      execFile(process.execPath, [main], { env: environment, timeout: 10_000 }, (error, stdout, stderr) =>
        resolve({ code: error?.code, output: stdout + stderr }),
      )
    })
    expect(code).toBe(1)
    expect(output).toContain('APPLE_CLIENT_IDS')
  },
)

it('leaves no token, nonce or code in a log', () => {
  expect(secrets.size).toBeGreaterThan(40)
  expect(stack.logs.lines.length).toBeGreaterThan(50)
  expect(secrets.linesWith(stack.logs.lines)).toEqual([])
})
