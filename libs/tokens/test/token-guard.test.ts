// The guard on a real bus, beside an auth that signs with real keys and can be away.
import { randomUUID } from 'node:crypto'
import { Bus, publish, route, serve, type Serving } from '@cairn/bus'
import {
  keysRotatedSubject,
  readKeySet,
  sessionEndedSubject,
  type KeySet,
  type PublicKey,
  type SessionEnded,
} from '@cairn/contracts'
import { createLogger } from '@cairn/runtime'
import { eventually, startTestBus } from '@cairn/testkit'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTokenGuard, type TokenGuard, type TokenGuardOptions } from '../src/index.ts'

const logger = createLogger({ service: 'test', level: 'silent' })
const now = (): number => Math.floor(Date.now() / 1_000)

interface TestKey {
  readonly publicKey: PublicKey
  readonly privateKey: CryptoKey
}

const makeKey = async (kid: string): Promise<TestKey> => {
  const pair = await generateKeyPair('EdDSA', { extractable: true })
  const { x = '' } = await exportJWK(pair.publicKey)
  return { privateKey: pair.privateKey, publicKey: { kid, kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', x } }
}

let nats: { url: string; stop(): Promise<void> }
let authBus: Bus
let bus: Bus
let first: TestKey
let second: TestKey
let published: KeySet
let reads: number
let auth: Serving | undefined
let guards: TokenGuard[] = []

beforeAll(async () => {
  nats = await startTestBus()
  authBus = await Bus.connect({ url: nats.url, name: 'auth', logger })
  bus = await Bus.connect({ url: nats.url, name: 'gateway', logger })
  first = await makeKey('first')
  second = await makeKey('second')
})
afterAll(async () => {
  await bus.drain(500)
  await authBus.drain(500)
  await nats.stop()
})
beforeEach(() => {
  published = { keys: [first.publicKey] }
  reads = 0
})
afterEach(async () => {
  for (const guard of guards.splice(0)) guard.stop()
  await stopAuth()
})

const startAuth = (): void => {
  const answer = (): Promise<KeySet> => {
    reads += 1
    return Promise.resolve(published)
  }
  auth = serve(authBus, {
    owner: 'auth',
    routes: [route(readKeySet, answer)],
    hashUser: userId => userId,
    handlerTimeoutMs: 1_000,
  })
}

const stopAuth = async (): Promise<void> => {
  await auth?.stop()
  auth = undefined
}

const startGuard = async (options: Partial<TokenGuardOptions> = {}): Promise<TokenGuard> => {
  const rules = { issuer: 'cairn', audience: 'cairn', maxLifetimeSeconds: 600, clockSkewSeconds: 60 }
  const guard = await startTokenGuard({ bus, logger, ...rules, requestTimeoutMs: 1_000, ...options })
  guards.push(guard)
  return guard
}

const readyGuard = async (options: Partial<TokenGuardOptions> = {}): Promise<TokenGuard> => {
  startAuth()
  const guard = await startGuard(options)
  await eventually(() => expect(guard.ready).toBe(true))
  return guard
}

const sign = ({ privateKey, publicKey }: TestKey, change: object = {}): Promise<string> => {
  const ids = { sub: randomUUID(), sid: randomUUID(), jti: randomUUID() }
  const claims = { iss: 'cairn', aud: 'cairn', ...ids, iat: now(), exp: now() + 600, ...change }
  return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: publicKey.kid }).sign(privateKey)
}

const endSession = (sessionId: string, payload?: unknown): void => {
  const ended: SessionEnded = {
    user_id: randomUUID(),
    session_id: sessionId,
    reason: 'logged_out',
    ended_at: new Date().toISOString(),
  }
  publish(authBus, sessionEndedSubject(ended.user_id), payload ?? ended)
}

describe('the token guard', () => {
  it('starts without auth, is not ready, and becomes ready when auth comes', async () => {
    const guard = await startGuard()
    expect(guard.ready).toBe(false)
    await expect(guard.verify(await sign(first))).rejects.toMatchObject({ code: 'unavailable' })
    startAuth()
    await eventually(() => expect(guard.ready).toBe(true))
    expect(await guard.verify(await sign(first))).toMatchObject({ issuedAt: expect.any(Number) as number })
    expect(guard.keySet()).toEqual(published)
  })

  it('answers the same for a token it has seen, and for auth gone away', async () => {
    const guard = await readyGuard()
    const token = await sign(first)
    const claims = await guard.verify(token)
    await stopAuth()
    expect(await guard.verify(token)).toEqual(claims)
    expect(await guard.verify(await sign(first))).toMatchObject({ expiresAt: expect.any(Number) as number })
    expect(guard.ready).toBe(true)
  })

  it('refuses other spellings of a token it has seen', async () => {
    const guard = await readyGuard()
    const token = await sign(first)
    await guard.verify(token)
    const last = token.at(-1) ?? ''
    const respelled = token.slice(0, -1) + String.fromCodePoint((last.codePointAt(0) ?? 0) + 1)
    for (const other of [respelled, `${token}==`, `${token}\n`, ` ${token}`]) {
      await expect(guard.verify(other)).rejects.toMatchObject({ code: 'token_invalid' })
    }
  })

  it('refuses a token from the second it ends, seen before or not', async () => {
    const guard = await readyGuard()
    const token = await sign(first, { exp: now() + 2 })
    expect(await guard.verify(token)).toMatchObject({ expiresAt: expect.any(Number) as number })
    await eventually(() => expect(guard.verify(token)).rejects.toMatchObject({ code: 'token_expired' }))
  })

  it('refuses an ended session within a second, seen before or not, and tells its listeners', async () => {
    const guard = await readyGuard()
    const heard: SessionEnded[] = []
    guard.onSessionEnded(ended => void heard.push(ended))
    const sid = randomUUID()
    const [seen, unseen, other] = [await sign(first, { sid }), await sign(first, { sid }), await sign(first)]
    await guard.verify(seen)
    await guard.verify(other)
    endSession(sid)
    await eventually(() => expect(guard.verify(seen)).rejects.toMatchObject({ code: 'token_invalid' }), 1_000)
    await expect(guard.verify(unseen)).rejects.toMatchObject({ code: 'token_invalid' })
    expect(await guard.verify(other)).toMatchObject({ issuedAt: expect.any(Number) as number })
    expect(heard).toMatchObject([{ session_id: sid, reason: 'logged_out' }])
  })

  it('survives an event that makes no sense', async () => {
    const guard = await readyGuard()
    const sid = randomUUID()
    for (const nonsense of [null, {}, { session_id: 5 }, 'text']) endSession(sid, nonsense)
    endSession(sid)
    const token = await sign(first, { sid })
    await eventually(() => expect(guard.verify(token)).rejects.toMatchObject({ code: 'token_invalid' }))
  })

  it('learns a new key from the event, and forgets one that is withdrawn, also for tokens it has seen', async () => {
    const guard = await readyGuard({ unknownKeyFloorMs: 60_000 })
    const old = await sign(first)
    await guard.verify(old)
    published = { keys: [second.publicKey] }
    publish(authBus, keysRotatedSubject, {})
    const fresh = await sign(second)
    await eventually(async () =>
      expect(await guard.verify(fresh)).toMatchObject({ issuedAt: expect.any(Number) as number }),
    )
    await expect(guard.verify(old)).rejects.toMatchObject({ code: 'token_invalid' })
  })

  it('learns a new key from a token when the event was missed', async () => {
    const guard = await readyGuard({ unknownKeyFloorMs: 0 })
    published = { keys: [first.publicKey, second.publicKey] }
    expect(await guard.verify(await sign(second))).toMatchObject({ issuedAt: expect.any(Number) as number })
  })

  it('asks auth at most once for a thousand tokens with unknown keys', async () => {
    const guard = await readyGuard({ unknownKeyFloorMs: 60_000 })
    const forged = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        sign({ ...second, publicKey: { ...second.publicKey, kid: `forged ${index}` } }),
      ),
    )
    const outcomes = await Promise.allSettled(forged.map(token => guard.verify(token)))
    expect(outcomes.every(one => one.status === 'rejected')).toBe(true)
    expect(reads).toBe(1)
  })

  it('keeps to its bounds and still answers rightly', async () => {
    const guard = await readyGuard({ cachedTokens: 1 })
    const tokens = [await sign(first), await sign(first), await sign(first)]
    for (const token of [...tokens, ...tokens]) {
      expect(await guard.verify(token)).toMatchObject({ issuedAt: expect.any(Number) as number })
    }
  })
})
