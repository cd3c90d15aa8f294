// Limits at the HTTP surface: who is counted with whom, what a client is told, and what happens without Redis.
import { randomUUID } from 'node:crypto'
import { CairnError, readMe, refreshSession, signInAsGuest, signInWithApple, submitEvents } from '@cairn/contracts'
import { readEnvironment } from '@cairn/runtime'
import { eventually, startTestRedis, type Answer } from '@cairn/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { gatewayVariables } from '../src/config.ts'
import { session } from './a-session.ts'
import { startEdge, unreachableRedis, type Edge } from './edge.ts'

let edge: Edge
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  await edge.stop()
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

const { user } = session

const answerEverything = (): void => {
  edge.answer(readMe, async () => ({ user }))
  edge.answer(signInAsGuest, async () => session)
  edge.answer(signInWithApple, async () => session)
  edge.answer(refreshSession, async () => session)
  edge.answer(submitEvents, async ({ events }) => ({
    results: events.map(() => ({ event_id: null, status: 'rejected' as const, code: 'invalid_event' as const })),
    head: { epoch: 'e', seq: 0 },
  }))
}

const guest = (headers: Record<string, string> = {}): Promise<Answer<Record<string, unknown>>> =>
  edge.call('/api/v1/auth/guest', { method: 'POST', headers })
const identity = (sub: string): string => `x.${Buffer.from(JSON.stringify({ sub })).toString('base64url')}.x`
const apple = (sub: string): Promise<Answer<Record<string, unknown>>> =>
  edge.call('/api/v1/auth/apple', { method: 'POST', body: { identity_token: identity(sub), nonce: 'n' } })
const refresh = (refreshToken: string): Promise<Answer<Record<string, unknown>>> =>
  edge.call('/api/v1/auth/refresh', { method: 'POST', body: { refresh_token: refreshToken } })

const statuses = async (count: number, ask: (turn: number) => Promise<{ status: number }>): Promise<number[]> => {
  const seen: number[] = []
  for (let turn = 0; turn < count; turn += 1) seen.push((await ask(turn)).status)
  return seen
}
const okThen = (status: number, ok: number): number[] => [...Array.from({ length: ok }, () => 200), status]

describe('sign-in', () => {
  it('of one Apple account: ten in a minute, then 429 that says when and why', async () => {
    edge = await startEdge()
    answerEverything()
    expect(await statuses(11, () => apple('one'))).toEqual(okThen(429, 10))
    const refused = await apple('one')
    expect(refused).toMatchObject({
      status: 429,
      body: { code: 'rate_limited', 'violated-policies': ['subject'], retry_after: expect.any(Number) as number },
    })
    expect(refused.headers.get('retry-after')).toBe(String(refused.body['retry_after']))
    expect(refused.headers.get('ratelimit')).toMatch(/"subject";r=0;t=\d+/)
    expect(refused.headers.get('ratelimit-policy')).toContain('"subject";q=10;w=60')
    expect((await apple('another')).status).toBe(200)
  })

  it('of an account is used up by nobody who cannot sign in to it', async () => {
    edge = await startEdge()
    edge.answer(signInWithApple, () => Promise.reject(new CairnError('token_invalid')))
    expect(await statuses(12, () => apple('victim'))).not.toContain(429)
    answerEverything()
    expect((await apple('victim')).status).toBe(200)
  })

  it('from one address: sixty of each kind in a minute, whatever it claims to forward', async () => {
    edge = await startEdge()
    answerEverything()
    const seen = await statuses(61, turn => guest({ 'x-forwarded-for': `198.51.100.${turn}` }))
    expect(seen).toEqual(okThen(429, 60))
    expect((await apple('one')).status).toBe(200)
    expect((await edge.call('/api/v1/me', { token: edge.token(user.id) })).status).toBe(200)
  })

  it('that fails closes the door to that address after thirty, and to it alone', async () => {
    edge = await startEdge({ TRUSTED_PROXIES: '127.0.0.1' })
    edge.answer(refreshSession, () => Promise.reject(new CairnError('token_invalid')))
    const from = (address: string) =>
      edge.call('/api/v1/auth/refresh', {
        method: 'POST',
        body: { refresh_token: 'x' },
        headers: { 'x-forwarded-for': address },
      })
    const seen = await statuses(31, () => from('198.51.100.1'))
    expect(seen).toEqual([...Array.from({ length: 30 }, () => 401), 429])
    expect((await from('198.51.100.1')).body).toMatchObject({ 'violated-policies': ['failures'] })
    expect((await from('198.51.100.2')).status).toBe(401)
  })
})

describe('refresh', () => {
  it('of one session: thirty in a minute; those refused are not counted', async () => {
    edge = await startEdge({ GATEWAY_LIMIT_FAILURES_PER_ADDRESS: '1000' })
    const ofSession = (id: string): string => `rt1.${id}.1.${'s'.repeat(22)}.${'m'.repeat(22)}`
    const [mine, other] = [ofSession(randomUUID()), ofSession(randomUUID())]
    edge.answer(refreshSession, () => Promise.reject(new CairnError('token_invalid')))
    expect(await statuses(31, () => refresh(mine))).not.toContain(429)
    answerEverything()
    expect(await statuses(31, () => refresh(mine))).toEqual(okThen(429, 30))
    expect((await refresh(other)).status).toBe(200)
  })
})

describe('a user', () => {
  const send = (token: string, count: number): Promise<Answer<Record<string, unknown>>> =>
    edge.call('/api/v1/progress/events', {
      method: 'POST',
      token,
      body: { events: Array.from({ length: count }, () => ({})) },
    })

  it('may send the backlog of a week, 20 000 events, and no flood; reading goes on', async () => {
    edge = await startEdge()
    answerEverything()
    const token = edge.token(randomUUID())
    expect(await statuses(40, () => send(token, 500))).not.toContain(429)
    const refused = await send(token, 1)
    expect(refused).toMatchObject({ status: 429, body: { 'violated-policies': ['events'] } })
    expect(refused.headers.get('ratelimit-policy')).toBe('"address";q=6000;w=60, "events";q=20000;w=600')
    expect((await edge.call('/api/v1/me', { token })).status).toBe(200)
    expect((await send(edge.token(randomUUID()), 1)).status).toBe(200)
  })

  it('is one user, through however many gateways and with however many tokens', async () => {
    edge = await startEdge({ GATEWAY_LIMIT_PER_USER: '40' })
    answerEverything()
    const other = await edge.another()
    const userId = randomUUID()
    const ask = (url: string): Promise<Response> =>
      fetch(`${url}/api/v1/me`, { headers: { authorization: `Bearer ${edge.token(userId)}` } })
    const answers = await Promise.all(Array.from({ length: 80 }, (_, n) => ask(n % 2 === 0 ? edge.url : other.url)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(40)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40)
  })

  it('is told what is left on every answer', async () => {
    edge = await startEdge()
    answerEverything()
    const token = edge.token(randomUUID())
    for (const left of [599, 598]) {
      const { headers } = await edge.call('/api/v1/me', { token })
      expect(headers.get('ratelimit')).toMatch(new RegExp(`^"address";r=\\d+;t=\\d+, "user";r=${left};t=\\d+$`))
      expect(headers.get('ratelimit-policy')).toBe('"address";q=6000;w=60, "user";q=600;w=60')
    }
    expect((await edge.call('/nowhere')).headers.get('ratelimit')).toMatch(/^"address";r=\d+;t=\d+$/)
  })
})

describe('an address', () => {
  it('is counted for everything but the probes', async () => {
    edge = await startEdge({ GATEWAY_LIMIT_PER_ADDRESS: '3' })
    const paths = ['/nowhere', '/api/v1/me', '/api/v1/progress']
    for (const path of paths) expect((await edge.call(path)).status).not.toBe(429)
    for (const path of paths) expect((await edge.call(path)).status).toBe(429)
    for (const path of ['/healthz', '/readyz']) expect((await edge.call(path)).status).toBe(200)
  })

  it.each([
    ['the real one behind a forged entry', ['1.2.3.4, 198.51.100.1', '5.6.7.8, 198.51.100.1']],
    ['mapped or not', ['198.51.100.9', '::ffff:198.51.100.9']],
    ['the proxy, when what it forwards is no address', ['garbage', '1.2.3.4:99', '127.1']],
    ['the last of 5 KB', [`${'1.2.3.4, '.repeat(600)}198.51.100.3`, '198.51.100.3']],
    ['one /64, a hundred of it', Array.from({ length: 100 }, (_, n) => `2001:db8::${n.toString(16)}`)],
  ])('behind a trusted proxy is %s', async (_what, forwarded) => {
    edge = await startEdge({ TRUSTED_PROXIES: '127.0.0.0/8', GATEWAY_LIMIT_SIGN_IN_PER_ADDRESS: '1' })
    answerEverything()
    const answers = await Promise.all(forwarded.map(value => guest({ 'x-forwarded-for': value })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(forwarded.length - 1)
    expect((await guest({ 'x-forwarded-for': '203.0.113.77' })).status).toBe(200)
  })
})

describe('without Redis', () => {
  const slowestOf = async (asks: readonly (() => Promise<{ status: number }>)[]): Promise<number> => {
    const took: number[] = []
    for (const ask of asks) {
      const startedAt = performance.now()
      expect((await ask()).status).toBe(200)
      took.push(performance.now() - startedAt)
    }
    return Math.max(...took)
  }
  const untilShared = (redis: boolean): Promise<void> =>
    eventually(async () =>
      expect(await edge.call('/readyz')).toMatchObject({ status: 200, body: { dependencies: { redis } } }),
    )

  it.each(['SIGSTOP', 'SIGKILL'] as const)(
    '(%s) answers stay fast, limits go on, sign-in stays closed',
    async signal => {
      const redis = await startTestRedis()
      cleanUps.push(() => redis.stop())
      const limits = { GATEWAY_LIMIT_SIGN_IN_PER_ADDRESS: '10' }
      edge = await startEdge({ REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '80', REDIS_RETRY_MS: '50', ...limits })
      answerEverything()
      const token = edge.token(user.id)
      const me = (): Promise<Answer<Record<string, unknown>>> => edge.call('/api/v1/me', { token })
      const hurt = (): void => void process.kill(redis.server?.pid ?? 0, signal)
      const heal = async (): Promise<void> => {
        if (signal === 'SIGSTOP') process.kill(redis.server?.pid ?? 0, 'SIGCONT')
        else await redis.server?.restart()
        await untilShared(true)
      }
      await me()
      // A machine with other things to do is slow by itself, so the best of three counts; waiting for Redis would show in all.
      const slowest: number[] = []
      for (let round = 0; round < 3; round += 1) {
        hurt()
        try {
          slowest.push(await slowestOf([me, me, me]))
          await untilShared(false)
        } finally {
          await heal()
        }
      }
      expect(Math.min(...slowest)).toBeLessThan(150)

      hurt()
      try {
        await me()
        await untilShared(false)
        // Half of 10, which is the share of one process.
        expect(await statuses(6, () => guest())).toEqual(okThen(429, 5))
      } finally {
        await heal()
      }
      // What a busy machine holds up for longer than Redis is given is counted here once more.
      await eventually(async () =>
        expect((await guest()).headers.get('ratelimit-policy')).toContain('"guest";q=10;w=60'),
      )
    },
  )

  it('from the start: it serves, and counts', async () => {
    edge = await startEdge({ REDIS_URL: unreachableRedis, GATEWAY_LIMIT_SIGN_IN_PER_ADDRESS: '4' })
    answerEverything()
    expect(await statuses(3, () => guest())).toEqual(okThen(429, 2))
  })
})

describe('the defaults', () => {
  it('are those of the design', async () => {
    edge = await startEdge()
    expect(readEnvironment(gatewayVariables, { ...edge.environment })).toMatchObject({
      requestsPerAddress: 6_000,
      signInsPerAddress: 60,
      signInsPerSubject: 10,
      failuresPerAddress: 30,
      refreshesPerSession: 30,
      refreshesPerAddress: 1_200,
      requestsPerUser: 600,
      eventsPerUser: 20_000,
      eventsWindowSeconds: 600,
      trustedProxies: [],
    })
  })
})
