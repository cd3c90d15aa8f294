// What is reserved counts until it is known whether it should, and is given back otherwise: on a real Redis.
import { eventually, startTestRedis } from '@cairn/testkit'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { cleanUps, open, opened, patientRedis, policy, times } from './open-limits.ts'

describe('reservations', () => {
  it('cost as many points as are asked for, when they fit', async () => {
    const calls = (await opened()).limiter(policy)
    const reserve = async (points: number): Promise<unknown> => {
      const { verdict, settle } = await calls.reserve('u', points)
      await settle(true)
      return verdict
    }
    expect(await reserve(7)).toMatchObject({ allowed: true, remaining: 3 })
    expect(await reserve(4)).toMatchObject({ allowed: false, remaining: 3 })
    expect(await reserve(3)).toMatchObject({ allowed: true, remaining: 0 })
    for (const points of [0, -1, 1.5, Number.NaN]) await expect(calls.reserve('u', points)).rejects.toThrow(RangeError)
  })

  it('count at once, for everybody, until it is given back', async () => {
    const environment = { ...patientRedis(), LIMITS_REFUSED_MEMORY_MS: '0' }
    const one = (await opened(environment)).limiter(policy)
    const other = (await opened(environment)).limiter(policy)
    const reserved = await Promise.all(times(20, () => one.reserve('u')))
    const held = reserved.filter(reservation => reservation.verdict.allowed)
    expect(held).toHaveLength(10)
    // Each of them may be given back in a moment, as this process knows of its own.
    expect((await one.reserve('u')).verdict.resetSeconds).toBe(1)
    expect((await other.reserve('u')).verdict).toMatchObject({ allowed: false, remaining: 0 })
    await Promise.all(held.map((reservation, index) => reservation.settle(index >= 4)))
    const again = await Promise.all(times(10, () => other.reserve('u')))
    expect(again.filter(reservation => reservation.verdict.allowed)).toHaveLength(4)
    const late = (await one.reserve('u')).verdict
    expect(late).toMatchObject({ allowed: false })
    expect(late.resetSeconds).toBeGreaterThan(50)
  })

  it('beyond what is left do not reach Redis, a flood of them', async () => {
    const redis = await startTestRedis()
    cleanUps.push(() => redis.stop())
    const environment = { ...patientRedis(), REDIS_URL: redis.url, LIMITS_REFUSED_MEMORY_MS: '10000' }
    const calls = (await opened(environment)).limiter(policy)
    const operator = new Redis(redis.url)
    cleanUps.push(() => operator.disconnect())
    const looks = async (): Promise<number> =>
      Number(/cmdstat_get:calls=(\d+)/.exec(await operator.info('commandstats'))?.[1])
    await (await calls.reserve('u', 8)).settle(true)
    const before = await looks()
    for (let again = 0; again < 100; again += 1) {
      const { allowed, remaining, resetSeconds } = (await calls.reserve('u', 3)).verdict
      expect({ allowed, remaining }).toEqual({ allowed: false, remaining: 2 })
      expect(resetSeconds).toBeGreaterThan(40)
    }
    expect((await looks()) - before).toBe(1)
    expect((await calls.reserve('u', 2)).verdict).toMatchObject({ allowed: true, remaining: 0 })
  })

  it('what was refused is let through as soon as its own process gives back, and soon when another does', async () => {
    const environment = patientRedis()
    const one = (await opened(environment)).limiter(policy)
    const other = (await opened(environment)).limiter(policy)
    const held = await one.reserve('u', 10)
    expect((await one.reserve('u')).verdict.allowed).toBe(false)
    expect((await other.reserve('u')).verdict.allowed).toBe(false)
    await held.settle(false)
    const again = await one.reserve('u')
    expect(again.verdict.allowed).toBe(true)
    await again.settle(false)
    await eventually(async () => expect((await other.reserve('u')).verdict.allowed).toBe(true))
  })

  it('what was refused is let through in the next window', async () => {
    const environment = { ...patientRedis(), LIMITS_REFUSED_MEMORY_MS: '10000' }
    const calls = (await opened(environment)).limiter({ ...policy, points: 1, windowSeconds: 1 })
    await (await calls.reserve('u')).settle(true)
    expect((await calls.reserve('u')).verdict.allowed).toBe(false)
    await eventually(async () => expect((await calls.reserve('u')).verdict.allowed).toBe(true), 3_000)
  })

  it('what is given back late is no present to the next window', async () => {
    const calls = (await opened()).limiter({ ...policy, points: 1, windowSeconds: 1 })
    const early = await calls.reserve('u')
    await eventually(async () => expect((await calls.reserve('u')).verdict.allowed).toBe(true))
    await early.settle(false)
    expect((await calls.reserve('u')).verdict.allowed).toBe(false)
  })

  it('of one turn: what was given back is there again, and no refusal of that turn says otherwise', async () => {
    const environment = { ...patientRedis(), LIMITS_REFUSED_MEMORY_MS: '60000' }
    const calls = (await opened(environment)).limiter(policy)
    const asked = await Promise.all(times(14, () => calls.reserve('victim')))
    const refused = asked.filter(({ verdict }) => !verdict.allowed)
    expect(refused.map(({ verdict }) => verdict.resetSeconds)).toEqual([1, 1, 1, 1])
    await Promise.all(asked.map(({ settle }) => settle(false)))
    expect((await calls.reserve('victim')).verdict).toMatchObject({ allowed: true, remaining: 9 })
  })

  it('refused in the turn in which what stood in the way is given back: the same', async () => {
    const environment = { ...patientRedis(), LIMITS_REFUSED_MEMORY_MS: '60000' }
    const calls = (await opened(environment)).limiter(policy)
    const held = await calls.reserve('victim', 10)
    const [late] = await Promise.all([calls.reserve('victim'), held.settle(false)])
    expect(late.verdict).toMatchObject({ allowed: false, resetSeconds: 1 })
    expect((await calls.reserve('victim')).verdict).toMatchObject({ allowed: true, remaining: 9 })
  })

  it('refused in one turn, with nothing to be given back: remembered, however many they are', async () => {
    const environment = { ...patientRedis(), LIMITS_REFUSED_MEMORY_MS: '60000' }
    const calls = (await opened(environment)).limiter(policy)
    await (await calls.reserve('u', 10)).settle(true)
    const refused = await Promise.all(times(5, () => calls.reserve('u')))
    for (const { verdict } of refused) expect(verdict.resetSeconds).toBeGreaterThan(40)
  })

  it('while Redis is away are kept here, and given back here', async () => {
    const calls = open({ REDIS_URL: 'redis://127.0.0.1:1' }).limiter(policy)
    const held = await Promise.all(times(8, () => calls.reserve('u')))
    expect(held.filter(({ verdict }) => verdict.allowed)).toHaveLength(5)
    await Promise.all(held.map(({ settle }) => settle(false)))
    expect(await calls.peek('u')).toMatchObject({ allowed: true, remaining: 5 })
  })
})
