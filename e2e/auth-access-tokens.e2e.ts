// Bad access tokens at the HTTP surface, one test per row of the table of bad inputs, named by its number (1 to 19). Those on
// revocation (7, 20, 21) are in auth-sessions, 18 in auth-signing-keys. A good token is tried first: a rule that refuses all
// proves nothing.
import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { Bus, publish, type Subscription } from '@cairn/bus'
import { keysRotatedSubject, readKeySet, type KeySet, type Me, type Session } from '@cairn/contracts'
import { createLogger } from '@cairn/runtime'
import { call, eventually, orderIdentityToken, signInAsGuest, signInWithApple } from '@cairn/testkit'
import { startStack, type Stack } from '@cairn/testkit/stack'
import { guardVariables } from '@cairn/tokens'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { compact, goodClaims, goodHeader, readSigningKey, signedBy, type SigningKey } from './auth/craft-token.ts'
import { expectRefused, Secrets } from './auth/refusals.ts'

const secrets = new Secrets()
let stack: Stack
let database: pg.Pool
let bus: Bus
let key: SigningKey
let session: Session
let keyReads = 0
let spy: Subscription
const stranger = generateKeyPairSync('ed25519')

beforeAll(async () => {
  stack = await startStack()
  database = new pg.Pool({ connectionString: stack.databaseUrl, max: 2 })
  bus = await Bus.connect({
    url: stack.bus.url,
    name: 'spy',
    logger: createLogger({ service: 'spy', level: 'silent' }),
  })
  spy = bus.nats.subscribe(readKeySet.subject, { callback: () => void (keyReads += 1) })
  await bus.nats.flush()
  key = await readSigningKey(stack, database)
  session = await signInAsGuest(stack)
  for (const token of [session.access_token, session.refresh_token]) secrets.add(token)
})
afterAll(async () => {
  await bus.drain(100)
  await database.end()
  await stack.stop()
})

const me = (token: string, options: { timeoutMs?: number } = {}) =>
  call<Me>(stack.gatewayUrl, '/api/v1/me', { token: secrets.add(token), ...options })
const claims = (change: object = {}) => ({ ...goodClaims(session), ...change })
const ours = (header: object = {}, change: object = {}) =>
  compact({ ...goodHeader(key), ...header }, claims(change), signedBy(key.privateKey))
const hmac = (secret: string | Buffer) => (input: string) =>
  createHmac('sha256', secret).update(input).digest('base64url')
const now = () => Math.floor(Date.now() / 1_000)
const expectGood = async (token: string) => expect((await me(token)).body.user.id).toBe(session.user.id)

/** Bytes as they are, and what comes back until the connection ends, also when it is cut off while we still send. */
const raw = async (bytes: string): Promise<string> => {
  const { hostname, port } = new URL(stack.gatewayUrl)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  socket.on('error', () => undefined)
  socket.write(bytes)
  await new Promise<void>(resolve => socket.once('close', () => resolve()))
  return answer
}
const rawMe = (...headers: string[]) =>
  raw(`GET /api/v1/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers.join('\r\n')}\r\n\r\n`)

it('a token crafted like ours is good, so what is refused below is refused for its one fault', async () => {
  await expectGood(session.access_token)
  await expectGood(ours())
})

describe('signature and header', () => {
  it.each(['none', 'None', 'nOnE'])('row 1: alg %s without a signature', async alg => {
    expectRefused(await me(compact({ ...goodHeader(key), alg }, claims(), () => '')))
    expectRefused(await me(compact({ ...goodHeader(key), alg }, claims(), signedBy(key.privateKey))))
  })

  it.each<[string, () => string | Buffer]>([
    ['PEM', () => key.publicKey.export({ type: 'spki', format: 'pem' })],
    ['DER', () => key.publicKey.export({ type: 'spki', format: 'der' })],
    ['JWK', () => JSON.stringify(key.publicKey.export({ format: 'jwk' }))],
  ])('row 2: HS256 with our public key as %s', async (_name, secret) => {
    expectRefused(await me(compact({ ...goodHeader(key), alg: 'HS256' }, claims(), hmac(secret()))))
  })

  describe('row 3: its own key', () => {
    let server: Server
    let fetched = 0
    let url = ''
    beforeAll(async () => {
      server = createServer((_request, response) => {
        fetched += 1
        const jwk = { ...stranger.publicKey.export({ format: 'jwk' }), kid: 'theirs', alg: 'EdDSA' }
        response.end(JSON.stringify({ keys: [jwk] }))
      })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
    })
    afterAll(() => server.close())

    it.each<[string, () => object]>([
      ['jwk', () => ({ jwk: stranger.publicKey.export({ format: 'jwk' }) })],
      ['jku', () => ({ jku: url })],
      ['x5u', () => ({ x5u: url })],
      ['x5c', () => ({ x5c: ['AAAA'] })],
    ])('in %s, with our key id or theirs, and nobody fetches it', async (_name, entry) => {
      for (const kid of [key.kid, 'theirs']) {
        const header = { ...goodHeader(key), kid, ...entry() }
        expectRefused(await me(compact(header, claims(), signedBy(stranger.privateKey))))
        expectRefused(await me(compact(header, claims(), signedBy(key.privateKey))))
      }
      expect(fetched).toBe(0)
    })
  })

  it('row 4: a thousand unknown key ids at once cause one read of the keys at most', async () => {
    const unknown = (index: number) => me(ours({ kid: `unknown-${index}-${randomUUID()}` }), { timeoutMs: 50_000 })
    await eventually(async () => {
      expectRefused(await unknown(-1))
      expect(keyReads).toBeGreaterThan(0)
    }, 10_000)
    const [before, begunAt] = [keyReads, performance.now()]
    const answers = await Promise.all(Array.from({ length: 1_000 }, (_, index) => unknown(index)))
    for (const answer of answers) expectRefused(answer)
    // One, unless the machine is so slow that the floor between two reads has passed meanwhile.
    const floors = Math.floor((performance.now() - begunAt) / (guardVariables.unknownKeyFloorMs.fallback ?? Number.NaN))
    expect(keyReads - before).toBeLessThanOrEqual(1 + floors)
  }, 60_000)

  it.each<[string, unknown]>([
    ['no', undefined],
    ['a number as', 7],
    ['a path as', '../../etc/passwd'],
    ['SQL as', "' OR 1=1 --"],
    ['an empty', ''],
    ['5 KB of', 'k'.repeat(5_000)],
    ['10 KB of', 'k'.repeat(10_000)],
  ])('row 5: %s key id', async (_name, kid) => expectRefused(await me(ours({ kid }))))

  it('row 6: other spellings of a good token', async () => {
    const token = session.access_token
    await expectGood(token)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const bytes = (one: string): string => Buffer.from(one.split('.')[2] ?? '', 'base64url').toString('hex')
    const same = alphabet
      .split('')
      .map(last => token.slice(0, -1) + last)
      .filter(one => bytes(one) === bytes(token))
    const others = same.filter(one => one !== token)
    expect(others.length).toBeGreaterThan(1)
    for (const other of others) expectRefused(await me(other))
    for (const other of [`${token}==`, `${token}=`, `${token}.`]) expectRefused(await me(other))
    const signed = token.slice(0, token.lastIndexOf('.'))
    const standard = Buffer.from(token.split('.')[2] ?? '', 'base64url').toString('base64')
    expectRefused(await me(`${signed}.${standard}`))
  })

  it.each(['%20', '%0A', '%0D%0A', '=='])('row 6: a good token with %s behind it, at the socket', async tail => {
    const open = (token: string): Promise<number> =>
      new Promise(resolve => {
        const socket = new WebSocket(`${stack.realtimeUrl}/ws/user/${session.user.id}?token=${token}`)
        socket.on('open', () => {
          socket.terminate()
          resolve(101)
        })
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
        socket.on('error', () => undefined)
      })
    expect(await open(session.access_token)).toBe(101)
    expect(await open(session.access_token + tail)).toBe(401)
  })
})

describe('claims', () => {
  it.each<[string, object]>([
    ['sub a number', { sub: 5 }],
    ['sub null', { sub: null }],
    ['sub empty', { sub: '' }],
    ['sub of 300 characters', { sub: 's'.repeat(300) }],
    ['sid an object', { sid: { id: 1 } }],
    ['sid no UUID', { sid: 'session' }],
    ['no sid', { sid: undefined }],
    ['no sub', { sub: undefined }],
  ])('row 8: %s', async (_name, change) => expectRefused(await me(ours({}, change))))

  it.each<[string, () => object]>([
    ['exp missing', () => ({ exp: undefined })],
    ['exp as text', () => ({ exp: '123' })],
    ['exp 1e308', () => ({ exp: 1e308 })],
    ['exp -1', () => ({ exp: -1 })],
    ['a life of ten years', () => ({ exp: now() + 315_360_000 })],
    ['a life of one second too much', () => ({ iat: now(), exp: now() + 601 })],
  ])('row 9: %s', async (_name, change) => expectRefused(await me(ours({}, change()))))

  it('row 9: exp now, and in the past', async () => {
    expectRefused(await me(ours({}, { iat: now() - 600, exp: now() })), 'token_expired')
    expectRefused(await me(ours({}, { iat: now() - 4_200, exp: now() - 3_600 })), 'token_expired')
  })

  it('row 10: iat or nbf an hour ahead; half a minute is within the skew of clocks', async () => {
    expectRefused(await me(ours({}, { iat: now() + 3_600, exp: now() + 4_000 })))
    expectRefused(await me(ours({}, { nbf: now() + 3_600 })))
    await expectGood(ours({}, { iat: now() + 30, exp: now() + 630 }))
    await expectGood(ours({}, { nbf: now() + 30 }))
  })

  it.each<[string, unknown]>([
    ['another', 'api2'],
    ['an empty list', []],
    ['an object', { cairn: 1 }],
    ['a list with ours', ['other', 'cairn']],
    ['a list of ours', ['cairn']],
    ['none', undefined],
  ])('row 11: audience: %s', async (_name, aud) => expectRefused(await me(ours({}, { aud }))))

  it.each<[string, unknown]>([
    ['a trailing slash', 'cairn/'],
    ['a list', ['cairn']],
    ['a URL', 'http://cairn'],
    ['none', undefined],
  ])('row 12: issuer: %s', async (_name, iss) => expectRefused(await me(ours({}, { iss }))))
})

describe('one kind of token in the place of another', () => {
  it('row 13: identity and refresh tokens give no access', async () => {
    const apple = await signInWithApple(stack)
    expectRefused(await me(await orderIdentityToken(stack.apple.issuer, { sub: apple.user.id })))
    expectRefused(await me(apple.refresh_token))
    await expectGood(session.access_token)
  })

  it('row 13: access tokens neither refresh nor sign in', async () => {
    const post = (path: string, body: object) => call(stack.gatewayUrl, `/api/v1${path}`, { method: 'POST', body })
    expectRefused(await post('/auth/refresh', { refresh_token: session.access_token }))
    const { nonce } = (await post('/auth/nonce', {})).body as { nonce: string }
    expectRefused(await post('/auth/apple', { identity_token: session.access_token, nonce: secrets.add(nonce) }))
  })

  it.each(['JWT', 'service+jwt', 'AT+JWT', 'application/at+jwt', undefined])(
    'row 13, row 14: typ %s, signed by us',
    async typ => expectRefused(await me(ours({ typ }))),
  )

  it.each<[string, object]>([
    ['an unknown crit', { crit: ['x'], x: 1 }],
    ['b64 false', { crit: ['b64'], b64: false }],
    ['b64 false without crit', { b64: false }],
    ['alg by its newer name', { alg: 'Ed25519' }],
  ])('row 14: %s', async (_name, header) => expectRefused(await me(ours(header))))

  it('row 14: five parts', async () => {
    expectRefused(await me(`${ours()}.AAAA.AAAA`))
    expectRefused(await me(['eyJhbGciOiJkaXIifQ', '', 'AAAA', 'AAAA', 'AAAA'].join('.')))
  })

  it('row 15: duplicate claims and a prototype give nobody more', async () => {
    const victim = await signInAsGuest(stack)
    const craft = (text: string) => compact(goodHeader(key), text, signedBy(key.privateKey))
    const own = JSON.stringify(claims()).slice(1, -1)
    const duplicate = await me(craft(`{"sub":"${victim.user.id}",${own}}`))
    expect(duplicate.body.user.id).toBe(session.user.id)
    const withPrototype = await me(craft(`{"__proto__":{"sub":"${victim.user.id}","admin":true},${own}}`))
    expect(withPrototype.body.user.id).toBe(session.user.id)
    const { sub: _sub, ...withoutSub } = claims() as Record<string, unknown>
    const inherited = `{"__proto__":{"sub":"${victim.user.id}"},${JSON.stringify(withoutSub).slice(1, -1)}}`
    expectRefused(await me(craft(inherited)))
  })
})

describe('the header that carries it', () => {
  it('row 16: twice is refused, whichever is good', async () => {
    const [good, bad] = [`authorization: Bearer ${session.access_token}`, 'authorization: Bearer x.y.z']
    expect(await rawMe(good)).toMatch(/^HTTP\/1.1 200 /)
    for (const headers of [
      [good, bad],
      [bad, good],
      [good, good],
    ]) {
      expect(await rawMe(...headers)).toMatch(/^HTTP\/1.1 40[01] /)
    }
  })

  it('row 16: the scheme in lower case is the same, another one is not, a query is no header', async () => {
    const token = session.access_token
    const get = (path: string, headers = {}) => call(stack.gatewayUrl, path, { headers })
    expect((await get('/api/v1/me', { authorization: `bearer ${token}` })).status).toBe(200)
    for (const scheme of ['Basic', 'Token', 'Bearer:', '']) {
      expectRefused(await get('/api/v1/me', { authorization: `${scheme} ${token}` }))
    }
    for (const name of ['token', 'access_token', 'authorization']) {
      expectRefused(await get(`/api/v1/progress?${name}=${token}`))
    }
  })

  it('row 17: a token over 8 KiB is refused at once; a head over 16 KiB is 431', async () => {
    const long = `${session.access_token.split('.', 2).join('.')}.${'A'.repeat(9_000)}`
    const leastMs = async (token: string): Promise<number> => {
      const times: number[] = []
      for (let attempt = 0; attempt < 20; attempt += 1) {
        const startedAt = performance.now()
        expectRefused(await me(token))
        times.push(performance.now() - startedAt)
      }
      return Math.min(...times)
    }
    // More than one that is refused at a glance, however slow the machine is.
    const glanceMs = await leastMs(`nonsense-${randomUUID()}`)
    expect(await leastMs(long)).toBeLessThan(glanceMs + 5)
    for (const bytes of [17_000, 1_000_000, 10_000_000]) {
      expect(await rawMe(`authorization: Bearer ${'A'.repeat(bytes)}`)).toMatch(/^HTTP\/1.1 431 /)
    }
  })

  it('row 17: a token of 8 KiB that is good in all else is refused for its length alone', async () => {
    expectRefused(await me(ours({}, { padding: 'x'.repeat(6_200) })))
    await expectGood(ours({}, { padding: 'x'.repeat(5_000) }))
  })
})

describe('with auth away', () => {
  it('row 19: keys that cannot be loaded any more go on verifying, an unknown one is refused, and the log says so', async () => {
    const fresh = ours()
    await stack.stopService('auth')
    spy.unsubscribe()
    publish(bus, keysRotatedSubject, {})
    await eventually(() => expect(stack.logs.lines.join('\n')).toContain('could not load the key set'), 10_000)
    const progress = (token: string) => call(stack.gatewayUrl, '/api/v1/progress', { token: secrets.add(token) })
    expect((await progress(fresh)).status).toBe(200)
    expect((await progress(ours())).status).toBe(200)
    expectRefused(await progress(ours({ kid: 'unknown' })))
    const { keys } = (await call<KeySet>(stack.gatewayUrl, '/.well-known/jwks.json')).body
    expect(keys.map(({ kid }) => kid)).toContain(key.kid)
  })
})

it('leaves none of these tokens, nor a part of one, in a log', () => {
  expect(secrets.size).toBeGreaterThan(1_000)
  expect(stack.logs.lines.length).toBeGreaterThan(50)
  expect(secrets.linesWith(stack.logs.lines)).toEqual([])
})
