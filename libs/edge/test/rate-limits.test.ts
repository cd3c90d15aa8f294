// Limits on a real Redis: shared to the request, and kept when Redis is frozen, killed, or never there.
import { randomUUID } from 'node:crypto'
import { CairnError } from '@cairn/contracts'
import { readEnvironment } from '@cairn/runtime'
import { eventually, ownMs, startTestRedis } from '@cairn/testkit'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import {
  edgeVariables,
  limitHeaders,
  refusalOf,
  type Limiter,
  type Policy,
  type RateLimits,
  type Verdict,
} from '../src/index.ts'
import { cleanUps, logs, open, opened, patientRedis, policy, times } from './open-limits.ts'

describe('in Redis', () => {
  it('a limit of 10 lets 10 through, and says how many are left and when it begins anew', async () => {
    const calls = (await opened()).limiter(policy)
    for (let remaining = 9; remaining >= 0; remaining -= 1) {
      expect(await calls.consume('u')).toMatchObject({ allowed: true, remaining })
    }
    const refused = await calls.consume('u')
    expect(refused).toMatchObject({ policy, allowed: false, remaining: 0 })
    expect(refused.resetSeconds).toBeGreaterThan(55)
    expect(refused.resetSeconds).toBeLessThanOrEqual(60)
    expect((await calls.consume('another')).allowed).toBe(true)
  })

  it('two processes share it to the request', async () => {
    const environment = patientRedis()
    const both = [await opened(environment), await opened(environment)].map(limits =>
      limits.limiter({ ...policy, points: 100 }),
    )
    const verdicts = await Promise.all(times(100, () => both.map(calls => calls.consume('u'))).flat())
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(100)
  })

  it('the window ends, and the whole limit is there again', async () => {
    const calls = (await opened()).limiter({ ...policy, points: 1, windowSeconds: 1 })
    expect((await calls.consume('u')).allowed).toBe(true)
    expect((await calls.consume('u')).allowed).toBe(false)
    await eventually(async () => expect((await calls.consume('u')).allowed).toBe(true))
  })

  it('looking counts nothing', async () => {
    const calls = (await opened()).limiter({ ...policy, points: 1 })
    for (let look = 0; look < 3; look += 1) {
      expect(await calls.peek('u')).toMatchObject({ allowed: true, remaining: 1, resetSeconds: 60 })
    }
    await calls.consume('u')
    expect(await calls.peek('u')).toMatchObject({ allowed: false, remaining: 0 })
  })

  it('what is asked while Redis has not answered yet goes there together, each counted once', async () => {
    const redis = await startTestRedis()
    cleanUps.push(() => redis.stop())
    const admin = new Redis(redis.url)
    cleanUps.push(() => admin.disconnect())
    const calls = (await opened({ REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '5000' })).limiter({ ...policy, points: 200 })
    await calls.consume('first')
    await admin.config('RESETSTAT')
    await admin.client('PAUSE', 10_000, 'WRITE')
    const asked: Promise<Verdict>[] = []
    for (let turn = 0; turn < 200; turn += 1) {
      asked.push(calls.consume('u'))
      await new Promise(resolve => setImmediate(resolve))
    }
    await admin.client('UNPAUSE')
    const left = (await Promise.all(asked)).map(verdict => verdict.remaining)
    expect(left).toEqual(times(200, () => 0).map((_, place) => 199 - place))
    const stats = await admin.info('commandstats')
    expect(stats).toMatch(/cmdstat_evalsha:calls=[12],/)
  })

  it('keys of two limits never meet', async () => {
    const limits = await opened()
    const [first, second] = ['t', 'tu'].map(name => limits.limiter({ ...policy, name, points: 1 }))
    await first?.consume('u:1')
    expect((await second?.consume(':1'))?.allowed).toBe(true)
  })
})

describe('without Redis', () => {
  const slowest = async (calls: () => Promise<unknown>, count: number): Promise<number> => {
    const took: number[] = []
    for (let call = 0; call < count; call += 1) took.push(await ownMs(calls))
    return Math.max(...took)
  }
  /** By itself; an answer that a busy machine holds up is counted here once more, so it is asked for until one is in time. */
  const countsInRedisAgain = (limits: RateLimits, calls: Limiter): Promise<void> =>
    eventually(async () => {
      expect(limits.shared).toBe(true)
      expect((await calls.consume(randomUUID())).remaining).toBe(9)
    })

  it('frozen: each call is answered in time, counted here, and in Redis again by itself', async () => {
    const redis = await startTestRedis()
    cleanUps.push(() => redis.stop())
    const limits = await opened({ REDIS_URL: redis.url, REDIS_RETRY_MS: '50' })
    const calls = limits.limiter(policy)
    const pid = redis.server?.pid ?? 0
    process.kill(pid, 'SIGSTOP')
    try {
      const allowed: boolean[] = []
      const call = async (): Promise<unknown> => allowed.push((await calls.consume('u')).allowed)
      expect(await slowest(call, 8)).toBeLessThan(150)
      expect(limits.shared).toBe(false)
      expect(await slowest(() => calls.peek('u'), 5)).toBeLessThan(50)
      // Half of 10: what one process lets through by itself.
      expect(allowed).toEqual([true, true, true, true, true, false, false, false])
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await countsInRedisAgain(limits, calls)
  })

  it('killed and started again: the same', async () => {
    const redis = await startTestRedis()
    cleanUps.push(() => redis.stop())
    const limits = await opened({ REDIS_URL: redis.url, REDIS_RETRY_MS: '50' })
    const calls = limits.limiter(policy)
    process.kill(redis.server?.pid ?? 0, 'SIGKILL')
    await redis.server?.exited
    expect(await slowest(() => calls.consume('u'), 5)).toBeLessThan(150)
    expect((await calls.consume('u')).allowed).toBe(false)
    await redis.server?.restart()
    await countsInRedisAgain(limits, calls)
  })

  it('full: it answers a PING and counts nothing, so this process counts until there is room, and says so once', async () => {
    const redis = await startTestRedis()
    cleanUps.push(() => redis.stop())
    const limits = await opened({ REDIS_URL: redis.url, REDIS_RETRY_MS: '10' })
    const calls = limits.limiter(policy)
    const operator = new Redis(redis.url)
    cleanUps.push(() => operator.disconnect())
    const told = (): number => logs.lines.filter(line => line.includes('limits are counted')).length
    const before = told()
    await operator.config('SET', 'maxmemory', '1')
    await eventually(async () => {
      await calls.consume('u')
      const [, refused] = /total_error_replies:(\d+)/.exec(await operator.info('stats')) ?? []
      expect(Number(refused)).toBeGreaterThan(10)
    })
    expect(limits.shared).toBe(false)
    expect(told()).toBe(before + 1)
    await operator.config('SET', 'maxmemory', '0')
    await countsInRedisAgain(limits, calls)
  })

  it('never there: counts from the first call on, and says so once', async () => {
    const calls = open({ REDIS_URL: 'redis://127.0.0.1:1' }).limiter({ ...policy, points: 1 })
    expect([(await calls.consume('u')).allowed, (await calls.consume('u')).allowed]).toEqual([true, false])
    await eventually(() => expect(logs.lines.some(line => line.includes('by this process alone'))).toBe(true))
  })

  it('refuses to start without a URL', () => {
    expect(() => readEnvironment(edgeVariables, {})).toThrow('REDIS_URL is missing')
  })
})

describe('what a client is told', () => {
  it('names each limit, what is left of it, and when to come back', () => {
    const events: Policy = { name: 'events', points: 20_000, windowSeconds: 600 }
    const verdicts = [
      { policy, allowed: false, remaining: 0, resetSeconds: 37 },
      { policy: events, allowed: true, remaining: 19_500, resetSeconds: 300 },
    ]
    expect(limitHeaders(verdicts)).toEqual({
      ratelimit: '"calls";r=0;t=37, "events";r=19500;t=300',
      'ratelimit-policy': '"calls";q=10;w=60, "events";q=20000;w=600',
    })
    expect(refusalOf(verdicts)).toBeInstanceOf(CairnError)
    expect(refusalOf(verdicts)).toMatchObject({
      code: 'rate_limited',
      retryAfterSeconds: 37,
      violatedPolicies: ['calls'],
    })
    expect(refusalOf(verdicts.slice(1))).toBeUndefined()
  })
})
