// The guard on a real bus, beside an auth that signs with real keys and can be away.
import { randomUUID } from 'node:crypto'
import { Bus, publish, route, serve, type Serving } from '@cairn/bus'
import {
  keysRotatedSubject,
  readDenials,
  readKeySet,
  sessionEndedSubject,
  userSignedOutSubject,
  type Denials,
  type KeySet,
  type PublicKey,
  type ReadDenials,
  type SessionEnded,
  type UserSignedOut,
} from '@cairn/contracts'
import { createLogger, readEnvironment } from '@cairn/runtime'
import { eventually, startLink, startTestBus, type Link } from '@cairn/testkit'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { guardVariables, startTokenGuard, type TokenGuard, type TokenGuardOptions } from '../src/index.ts'

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

const noDenials: Denials = { sessions: [], users: [], next_cursor: null }

let nats: Awaited<ReturnType<typeof startTestBus>>
let authBus: Bus
let bus: Bus
let first: TestKey
let second: TestKey
let published: KeySet
let reads: number
let denials: (payload: ReadDenials) => Promise<Denials>
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
  denials = () => Promise.resolve(noDenials)
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
    routes: [route(readKeySet, answer), route(readDenials, payload => denials(payload))],
    hashUser: userId => userId,
    handlerTimeoutMs: 1_000,
  })
}

const stopAuth = async (): Promise<void> => {
  await auth?.stop()
  auth = undefined
}

type GuardConfig = TokenGuardOptions['config']

const startGuard = async (change: Partial<GuardConfig> = {}, on = bus): Promise<TokenGuard> => {
  const config = { ...readEnvironment(guardVariables, {}), ...change }
  const guard = await startTokenGuard({ bus: on, logger, config, requestTimeoutMs: 1_000 })
  guards.push(guard)
  return guard
}

const readyGuard = async (change: Partial<GuardConfig> = {}, on = bus): Promise<TokenGuard> => {
  startAuth()
  const guard = await startGuard(change, on)
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
  publish(authBus, sessionEndedSubject(ended.user_id), payload === undefined ? ended : payload)
}

const signOut = (userId: string, payload?: unknown): void => {
  const ended_at = new Date().toISOString()
  const signedOut: UserSignedOut = { user_id: userId, not_after: now(), reason: 'account_deleted', ended_at }
  publish(authBus, userSignedOutSubject(userId), payload === undefined ? signedOut : payload)
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
    const seen = await guard.verify(old)
    const verdicts: unknown[] = []
    guard.onVerdictsChanged(() => void verdicts.push(guard.verdictOn(seen)))
    published = { keys: [first.publicKey, second.publicKey] }
    publish(authBus, keysRotatedSubject, {})
    await eventually(() => expect(guard.keySet()).toEqual(published))
    expect([guard.verdictOn(seen), verdicts]).toEqual([undefined, []])
    published = { keys: [second.publicKey] }
    publish(authBus, keysRotatedSubject, {})
    const fresh = await sign(second)
    await eventually(async () =>
      expect(await guard.verify(fresh)).toMatchObject({ issuedAt: expect.any(Number) as number }),
    )
    await eventually(() => expect(guard.verify(old)).rejects.toMatchObject({ code: 'token_invalid' }))
    expect([guard.verified(old), verdicts]).toEqual([undefined, ['token_expired']])
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

  it("refuses a signed-out user's tokens up to that second, and tells its listeners", async () => {
    const guard = await readyGuard()
    const heard: UserSignedOut[] = []
    guard.onUserSignedOut(signedOut => void heard.push(signedOut))
    const sub = randomUUID()
    const seen = await sign(first, { sub })
    await guard.verify(seen)
    for (const nonsense of [null, {}, { user_id: sub }, { user_id: sub, not_after: '5' }]) signOut(sub, nonsense)
    signOut(sub)
    await eventually(() => expect(guard.verify(seen)).rejects.toMatchObject({ code: 'token_invalid' }), 1_000)
    const notAfter = heard[0]?.not_after ?? 0
    await expect(guard.verify(await sign(first, { sub, iat: notAfter, exp: notAfter + 600 }))).rejects.toThrow(
      expect.objectContaining({ code: 'token_invalid' }),
    )
    const later = await sign(first, { sub, iat: notAfter + 1, exp: notAfter + 601 })
    expect(await guard.verify(later)).toMatchObject({ userId: sub })
    expect(heard).toMatchObject([{ user_id: sub }])
  })

  it('keeps to its bounds and still answers rightly', async () => {
    const guard = await readyGuard({ cachedTokens: 1 })
    const tokens = [await sign(first), await sign(first), await sign(first)]
    for (const token of [...tokens, ...tokens]) {
      expect(await guard.verify(token)).toMatchObject({ issuedAt: expect.any(Number) as number })
    }
  })
})

describe('what ended before the guard listened', () => {
  const sid = randomUUID()
  const sub = randomUUID()
  const ended = { session_id: sid, ended_at: new Date().toISOString() }

  it('is refused: the guard is not ready before every page is read', async () => {
    let last: (page: Denials) => void = () => undefined
    const pages: Record<string, Promise<Denials>> = {
      first: Promise.resolve({ ...noDenials, sessions: [ended], next_cursor: 'second' }),
      second: new Promise(resolve => {
        last = resolve
      }),
    }
    const asked: string[] = []
    denials = ({ cursor = 'first' }) => {
      asked.push(cursor)
      return pages[cursor] ?? Promise.reject(new Error('no such page'))
    }
    startAuth()
    const guard = await startGuard()
    await eventually(() => expect([asked.at(-1), guard.keySet()]).toEqual(['second', published]))
    expect(guard.ready).toBe(false)
    await expect(guard.verify(await sign(first))).rejects.toMatchObject({ code: 'unavailable' })
    await expect(guard.verify(await sign(first, { sid }))).rejects.toMatchObject({ code: 'token_invalid' })
    const tokensOfWhatEnded = [await sign(first, { sid }), await sign(first, { sub })]
    last({ ...noDenials, users: [{ user_id: sub, not_after: now() }] })
    await eventually(() => expect(guard.ready).toBe(true))
    for (const token of tokensOfWhatEnded) {
      await expect(guard.verify(token)).rejects.toMatchObject({ code: 'token_invalid' })
    }
    expect(await guard.verify(await sign(first))).toMatchObject({ tokenId: expect.any(String) as string })
  })

  it('is refused also when it ends while the list is read', async () => {
    const during = randomUUID()
    denials = async () => {
      endSession(during)
      await authBus.nats.flush()
      return noDenials
    }
    const guard = await readyGuard()
    await expect(guard.verify(await sign(first, { sid: during }))).rejects.toMatchObject({ code: 'token_invalid' })
  })

  it('is asked for until auth answers', async () => {
    let failures = 2
    denials = () => (failures-- > 0 ? Promise.reject(new Error('down')) : Promise.resolve(noDenials))
    const guard = await readyGuard()
    expect([guard.ready, failures]).toEqual([true, -1])
  })

  it('makes old tokens expire when there is more than can be kept', async () => {
    const old = now() - 100
    const sessions = Array.from({ length: 3 }, () => ({ ...ended, session_id: randomUUID() }))
    const page = sessions.map(one => ({ ...one, ended_at: new Date(old * 1_000).toISOString() }))
    denials = () => Promise.resolve({ ...noDenials, sessions: page })
    const guard = await readyGuard({ deniedLimit: 2 })
    const forgotten = await sign(first, { sid: sessions[0]?.session_id, iat: old, exp: old + 600 })
    await expect(guard.verify(forgotten)).rejects.toMatchObject({ code: 'token_expired' })
    expect(await guard.verify(await sign(first))).toMatchObject({ issuedAt: expect.any(Number) as number })
  })
})

describe('a guard that loses the bus', () => {
  let proxy: Link
  let cutOff: Bus
  beforeEach(async () => {
    proxy = await startLink(nats.url)
    cutOff = await Bus.connect({ url: proxy.url, name: 'cut off', logger })
  })
  afterEach(async () => {
    await cutOff.drain(100)
    await proxy.stop()
  })

  it('refuses after its return what ended meanwhile, cached or not, and nothing before that is known', async () => {
    const guard = await readyGuard({}, cutOff)
    const loads: boolean[] = []
    guard.onVerdictsChanged(() => loads.push(guard.ready))
    const sid = randomUUID()
    const [token, other] = [await sign(first, { sid }), await sign(first)]
    const claims = await guard.verify(token)
    await guard.verify(other)
    proxy.cut()
    await eventually(() => expect(cutOff.connected).toBe(false))
    expect(await guard.verify(token)).toEqual(claims)
    endSession(sid)
    await authBus.nats.flush()
    let answer: (page: Denials) => void = () => undefined
    const answered = new Promise<Denials>(resolve => {
      answer = resolve
    })
    denials = () => answered
    proxy.restore()
    await eventually(() => expect(cutOff.connected).toBe(true))
    expect(guard.ready).toBe(false)
    await expect(guard.verify(other)).rejects.toMatchObject({ code: 'unavailable' })
    answer({ ...noDenials, sessions: [{ session_id: sid, ended_at: new Date().toISOString() }] })
    await eventually(() => expect(guard.ready).toBe(true))
    await expect(guard.verify(token)).rejects.toMatchObject({ code: 'token_invalid' })
    expect(guard.verdictOn(claims)).toBe('token_invalid')
    expect(await guard.verify(other)).toMatchObject({ tokenId: expect.any(String) as string })
    expect(loads).toEqual([true])
  })

  it('serves for 5 s without it, then no more', async () => {
    const guard = await readyGuard({}, cutOff)
    const token = await sign(first)
    await guard.verify(token)
    proxy.cut()
    await eventually(() => expect(cutOff.connected).toBe(false))
    const cutAt = performance.now()
    expect(guard.ready).toBe(true)
    await eventually(() => expect(guard.verify(token)).rejects.toMatchObject({ code: 'unavailable' }), 7_000)
    expect(performance.now() - cutAt).toBeGreaterThan(4_000)
    expect(guard.ready).toBe(false)
  })

  it('takes a bus that is silent for one that is lost, and hears what ended before it serves again', async () => {
    if (nats.server === undefined) return
    const guard = await readyGuard()
    const sid = randomUUID()
    const [token, other] = [await sign(first, { sid }), await sign(first)]
    for (const one of [token, other]) await guard.verify(one)
    process.kill(nats.server.pid, 'SIGSTOP')
    try {
      await eventually(() => expect(guard.verify(other)).rejects.toMatchObject({ code: 'unavailable' }), 7_000)
      expect([bus.connected, guard.ready]).toEqual([true, false])
      endSession(sid)
    } finally {
      process.kill(nats.server.pid, 'SIGCONT')
    }
    await eventually(() => expect(guard.verify(token)).rejects.toMatchObject({ code: 'token_invalid' }))
    await eventually(() => expect(guard.ready).toBe(true))
    expect(await guard.verify(other)).toMatchObject({ tokenId: expect.any(String) as string })
  })

  it('does not take a list for the truth that was begun before the bus was lost again', async () => {
    let answers = 0
    denials = async () => {
      answers += 1
      if (answers !== 2) return { ...noDenials, next_cursor: answers > 2 ? null : 'more' }
      proxy.cut()
      proxy.restore()
      return noDenials
    }
    startAuth()
    const guard = await startGuard({}, cutOff)
    await eventually(() => expect(guard.ready).toBe(true))
    expect(answers).toBeGreaterThan(2)
  })
})
