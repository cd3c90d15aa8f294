// Limits counted in Redis, in fixed windows, for all replicas together; by this process alone while Redis does not answer.
// Nothing here fails open, and nothing waits for Redis longer than its timeout.
import { hash } from 'node:crypto'
import type { ConfigOf, Logger } from '@cairn/runtime'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { edgeVariables } from '../edge-variables.ts'
import { CountingClient } from './counting-client.ts'
import { LocalCounts } from './local-counts.ts'
import type { Policy, Verdict } from './policy.ts'
import { RedisLink } from './redis-link.ts'

export interface Limiter {
  /** Counts `points` (a whole number, at least 1) for `key`; what goes beyond the limit is counted too. Never rejects. */
  consume(key: string, points?: number): Promise<Verdict>
  /** Whether one more would be allowed, counting nothing. Never rejects. */
  peek(key: string): Promise<Verdict>
}

export interface RateLimits {
  /** False while this process counts by itself. */
  readonly shared: boolean
  /** Call it once for each policy, at start. */
  limiter(policy: Policy): Limiter
  stop(): void
}

export interface RateLimitsOptions {
  readonly config: ConfigOf<typeof edgeVariables>
  readonly logger: Logger
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

interface State {
  readonly allowed: boolean
  readonly remaining: number
  readonly msBeforeEnd: number
}

type Counted = Pick<RateLimiterRes, 'remainingPoints' | 'msBeforeNext'>

const stateOf = ({ remainingPoints, msBeforeNext }: Counted, isAllowed: boolean): State => ({
  allowed: isAllowed,
  remaining: remainingPoints,
  msBeforeEnd: msBeforeNext,
})
const allowed = (counted: Counted): State => stateOf(counted, true)
/** The library rejects for both: beyond the limit, with what it counted; or Redis failed, with an error. */
const refused = (reason: unknown): State => {
  if (reason instanceof RateLimiterRes) return stateOf(reason, false)
  throw reason instanceof Error ? reason : new Error('Redis failed', { cause: reason })
}

const wholeSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000))

interface SharedCounts {
  readonly link: RedisLink
  readonly counting: CountingClient
}

class PolicyLimiter implements Limiter {
  readonly #policy: Policy
  readonly #link: RedisLink
  readonly #store: RateLimiterRedis
  readonly #local: LocalCounts
  readonly #redisKeyOf: (key: string) => string
  /** The same limit for a process that counts by itself. */
  readonly #localPolicy: Policy

  constructor(policy: Policy, { link, counting }: SharedCounts, config: RateLimitsOptions['config']) {
    const { points, windowSeconds } = policy
    this.#policy = policy
    this.#redisKeyOf = createRedisKeys(policy)
    this.#link = link
    this.#store = new RateLimiterRedis({
      storeClient: counting,
      keyPrefix: 'limit',
      points,
      duration: windowSeconds,
      // Whoever is beyond the limit is refused from memory until the window ends: a flood does not reach Redis.
      inMemoryBlockOnConsumed: points,
    })
    this.#localPolicy = { ...policy, points: Math.max(1, Math.floor((points * config.limitsLocalPercent) / 100)) }
    this.#local = new LocalCounts({
      windowMs: windowSeconds * 1_000,
      mostKeys: config.limitsLocalKeys,
      now: () => performance.now(),
    })
  }

  async consume(key: string, points = 1): Promise<Verdict> {
    if (!Number.isSafeInteger(points) || points < 1) throw new RangeError(`${points} is no number of points`)
    const redisKey = this.#redisKeyOf(key)
    const state = await this.#shared(() => this.#store.consume(redisKey, points).then(allowed, refused))
    return state === undefined ? this.#localVerdict(redisKey, points) : this.#verdict(state)
  }

  async peek(key: string): Promise<Verdict> {
    const redisKey = this.#redisKeyOf(key)
    const untouched = { remainingPoints: this.#policy.points, msBeforeNext: this.#policy.windowSeconds * 1_000 }
    const look = (): Promise<State> => this.#store.get(redisKey).then(found => allowed(found ?? untouched))
    const state = await this.#shared(() => this.#link.ask(look))
    if (state === undefined) return this.#localVerdict(redisKey, 0)
    return this.#verdict({ ...state, allowed: state.remaining > 0 })
  }

  /** What Redis says; undefined when it says nothing. */
  async #shared(question: () => Promise<State>): Promise<State | undefined> {
    if (!this.#link.usable) return undefined
    try {
      return await question()
    } catch {
      return undefined
    }
  }

  #verdict({ allowed: isAllowed, remaining, msBeforeEnd }: State): Verdict {
    return { policy: this.#policy, allowed: isAllowed, remaining, resetSeconds: wholeSeconds(msBeforeEnd) }
  }

  #localVerdict(redisKey: string, points: number): Verdict {
    const { consumed, msBeforeEnd } = this.#local.add(redisKey, points)
    const policy = this.#localPolicy
    return {
      policy,
      allowed: points === 0 ? consumed < policy.points : consumed <= policy.points,
      remaining: Math.max(0, policy.points - consumed),
      resetSeconds: wholeSeconds(msBeforeEnd),
    }
  }
}

/** Returns at once; until Redis is reached, and whenever it is lost, `shared` is false. */
export const startRateLimits = ({ config, logger }: RateLimitsOptions): RateLimits => {
  const link = new RedisLink({
    url: config.redisUrl,
    timeoutMs: config.redisTimeoutMs,
    retryMs: config.redisRetryMs,
    keyPrefix: config.redisKeyPrefix,
    logger,
  })
  const shared = { link, counting: new CountingClient(link) }
  return {
    get shared() {
      return link.usable
    },
    limiter: policy => new PolicyLimiter(policy, shared, config),
    stop: () => link.stop(),
  }
}
