// One limit, counted in Redis, and by this process alone while Redis does not answer. Nothing of it rejects.
import { hash } from 'node:crypto'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { CountingClient } from './counting-client.ts'
import { LocalCounts } from './local-counts.ts'
import type { Limiter, Policy, Reservation, Verdict } from './policy.ts'
import { RecentRefusals } from './recent-refusals.ts'
import type { RedisLink } from './redis-link.ts'

export interface SharedCounts {
  readonly link: RedisLink
  readonly counting: CountingClient
}

/** What a process knows by itself. */
export interface LocalShare {
  /** Part of the limit that one process lets through while it counts by itself. */
  readonly percent: number
  readonly mostKeys: number
  /** How long a reservation that Redis refused is refused again without it. */
  readonly refusedMemoryMs: number
}

/** Keys of one policy that are kept hashed. */
const mostKnownKeys = 4_096

/** Two parts, kept apart by a byte that is in neither; Redis sees neither addresses nor users. */
const createRedisKeys = ({ name }: Policy): ((key: string) => string) => {
  const known = new Map<string, string>()
  return key => {
    const found = known.get(key)
    if (found !== undefined) return found
    if (known.size >= mostKnownKeys) known.clear()
    const made = hash('sha256', `${name}\0${key}`, 'base64url')
    known.set(key, made)
    return made
  }
}

const wholeSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000))

interface Held {
  readonly policy: Policy
  readonly has: number
  readonly leftMs: number
}

/** What a key has is told with these points, which counted if they fit. */
const verdictOf = ({ policy, has, leftMs }: Held, points: number): Verdict => {
  const allowed = has <= policy.points
  const counted = allowed ? has : has - points
  return { policy, allowed, remaining: Math.max(0, policy.points - counted), resetSeconds: wholeSeconds(leftMs) }
}

const keyPrefix = 'limit'
/** By so much Redis's milliseconds and ours may differ; a window is a hundred times as long. */
const clockSlackMs = 10

export class PolicyLimiter implements Limiter {
  readonly #policy: Policy
  readonly #counts: SharedCounts
  readonly #store: RateLimiterRedis
  readonly #local: LocalCounts
  readonly #redisKeyOf: (key: string) => string
  /** The same limit for a process that counts by itself. */
  readonly #localPolicy: Policy
  /** How many reservations of this process may still be given back, by key. */
  readonly #unsettled = new Map<string, number>()
  readonly #refusals: RecentRefusals

  constructor(policy: Policy, counts: SharedCounts, local: LocalShare) {
    const { points, windowSeconds } = policy
    this.#policy = policy
    this.#redisKeyOf = createRedisKeys(policy)
    this.#counts = counts
    this.#store = new RateLimiterRedis({
      storeClient: counts.counting,
      keyPrefix,
      points,
      duration: windowSeconds,
      // Whoever is beyond the limit is refused from memory until the window ends: a flood does not reach Redis.
      inMemoryBlockOnConsumed: points,
    })
    this.#localPolicy = { ...policy, points: Math.max(1, Math.floor((points * local.percent) / 100)) }
    const { mostKeys, refusedMemoryMs: memoryMs } = local
    const now = (): number => performance.now()
    this.#local = new LocalCounts({ windowMs: windowSeconds * 1_000, mostKeys, now })
    this.#refusals = new RecentRefusals({ memoryMs, mostKeys, now })
  }

  async consume(key: string): Promise<Verdict> {
    const redisKey = this.#redisKeyOf(key)
    const verdict = await this.#inRedis(() =>
      this.#store.consume(redisKey).then(
        counted => this.#libraryVerdict(counted, true),
        (reason: unknown) => this.#libraryRefusal(reason),
      ),
    )
    return verdict ?? verdictOf({ policy: this.#localPolicy, ...this.#local.add(redisKey, 1) }, 1)
  }

  async peek(key: string): Promise<Verdict> {
    const redisKey = this.#redisKeyOf(key)
    const verdict = verdictOf((await this.#addInRedis(redisKey, 0)) ?? this.#addHere(redisKey, 0), 0)
    return { ...verdict, allowed: verdict.remaining > 0 }
  }

  async reserve(key: string, points = 1): Promise<Reservation> {
    if (!Number.isSafeInteger(points) || points < 1) throw new RangeError(`${points} is no number of points`)
    const redisKey = this.#redisKeyOf(key)
    const known = this.#refusedBefore(redisKey, points)
    if (known !== undefined) return this.#refusal(redisKey, known, points)
    const shared = await this.#addInRedis(redisKey, points)
    // Nothing is awaited from here on. The answers of one turn come back together, in the order in which Redis counted: a refused
    // one finds entered as unsettled whatever stood in its way, and a settlement behind it not yet taken out.
    const held = shared ?? this.#addHere(redisKey, points)
    const verdict = verdictOf(held, points)
    if (!verdict.allowed) {
      if (shared !== undefined) this.#remember(redisKey, shared, points)
      return this.#refusal(redisKey, held, points)
    }
    const windowEndsAt = performance.now() + held.leftMs
    this.#countUnsettled(redisKey, 1)
    const settle = async (isKept: boolean): Promise<void> => {
      const leftMs = Math.ceil(windowEndsAt - performance.now())
      const isGivenBack = !isKept && leftMs > 0
      if (isGivenBack && shared === undefined) this.#addHere(redisKey, -points)
      if (isGivenBack && shared !== undefined) await this.#addInRedis(redisKey, -points, leftMs + clockSlackMs)
      this.#countUnsettled(redisKey, -1)
    }
    return { verdict, settle }
  }

  /** In a window a key has only more than it had, but for what is given back. */
  #refusedBefore(redisKey: string, points: number): Held | undefined {
    const known = this.#refusals.find(redisKey)
    if (known === undefined || known.has + points <= this.#policy.points) return undefined
    return { policy: this.#policy, has: known.has + points, leftMs: known.leftMs }
  }

  /** Unless what this process may yet give back stood in the way. */
  #remember(redisKey: string, { has, leftMs }: Held, points: number): void {
    if (!this.#unsettled.has(redisKey)) this.#refusals.remember(redisKey, { has: has - points, leftMs })
  }

  #refusal(redisKey: string, held: Held, points: number): Reservation {
    const verdict = verdictOf(held, points)
    const resetSeconds = this.#unsettled.has(redisKey) ? 1 : verdict.resetSeconds
    return { verdict: { ...verdict, resetSeconds }, settle: async () => undefined }
  }

  #countUnsettled(redisKey: string, more: number): void {
    const count = (this.#unsettled.get(redisKey) ?? 0) + more
    if (count === 0) this.#unsettled.delete(redisKey)
    else this.#unsettled.set(redisKey, count)
  }

  /** Past the library: it keeps in memory who is beyond the limit, and what is given back would not be heard of. */
  #addInRedis(redisKey: string, points: number, most = this.#policy.points): Promise<Held | undefined> {
    const policy = this.#policy
    const { windowSeconds } = policy
    return this.#inRedis(async () => {
      const [has, leftMs] = await this.#counts.counting.count({
        key: `${keyPrefix}:${redisKey}`,
        points: String(points),
        seconds: String(windowSeconds),
        most: String(most),
      })
      return { policy, has, leftMs }
    })
  }

  #addHere(redisKey: string, points: number): Held {
    const policy = this.#localPolicy
    return { policy, ...this.#local.add(redisKey, points, policy.points) }
  }

  #libraryVerdict({ remainingPoints, msBeforeNext }: RateLimiterRes, allowed: boolean): Verdict {
    return { policy: this.#policy, allowed, remaining: remainingPoints, resetSeconds: wholeSeconds(msBeforeNext) }
  }

  /** The library rejects for both: beyond the limit, with what it counted; or Redis failed, with an error. */
  #libraryRefusal(reason: unknown): Verdict {
    if (reason instanceof RateLimiterRes) return this.#libraryVerdict(reason, false)
    throw reason instanceof Error ? reason : new Error('Redis failed', { cause: reason })
  }

  /** What Redis says; undefined when it says nothing. */
  async #inRedis<T>(question: () => Promise<T>): Promise<T | undefined> {
    if (!this.#counts.link.usable) return undefined
    try {
      return await question()
    } catch {
      return undefined
    }
  }
}
