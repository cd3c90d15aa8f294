// Limits counted in Redis, in fixed windows, for all replicas together; by this process alone while Redis does not answer.
// Nothing here fails open, and nothing waits for Redis longer than its timeout.
import { hash } from 'node:crypto'
import type { ConfigOf, Logger } from '@cairn/runtime'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { edgeVariables } from '../edge-variables.ts'
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

/** Two parts, kept apart by a byte that is in neither; Redis sees neither addresses nor users. */
const redisKeyOf = ({ name }: Policy, key: string): string => hash('sha256', `${name}\0${key}`, 'base64url')

class PolicyLimiter implements Limiter {
  readonly #policy: Policy
  readonly #link: RedisLink
  readonly #shared: RateLimiterRedis
  readonly #local: LocalCounts
  /** The same limit for a process that counts by itself. */
  readonly #localPolicy: Policy

  constructor(policy: Policy, link: RedisLink, config: RateLimitsOptions['config']) {
    const { points, windowSeconds } = policy
    this.#policy = policy
    this.#link = link
    this.#shared = new RateLimiterRedis({
      storeClient: link.client,
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
    const redisKey = redisKeyOf(this.#policy, key)
    if (this.#link.usable) {
      try {
        return this.#verdict(await this.#shared.consume(redisKey, points), true)
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return this.#verdict(refusal, false)
        this.#link.suspect(refusal)
      }
    }
    return this.#localVerdict(redisKey, points)
  }

  async peek(key: string): Promise<Verdict> {
    const redisKey = redisKeyOf(this.#policy, key)
    if (this.#link.usable) {
      try {
        const found = await this.#shared.get(redisKey)
        const state = found ?? new RateLimiterRes(this.#policy.points, this.#policy.windowSeconds * 1_000)
        return this.#verdict(state, state.remainingPoints > 0)
      } catch (error) {
        this.#link.suspect(error)
      }
    }
    return this.#localVerdict(redisKey, 0)
  }

  #verdict({ remainingPoints, msBeforeNext }: RateLimiterRes, allowed: boolean): Verdict {
    const resetSeconds = Math.max(1, Math.ceil(msBeforeNext / 1_000))
    return { policy: this.#policy, allowed, remaining: remainingPoints, resetSeconds }
  }

  #localVerdict(redisKey: string, points: number): Verdict {
    const { consumed, msBeforeEnd } = this.#local.add(redisKey, points)
    const policy = this.#localPolicy
    return {
      policy,
      allowed: points === 0 ? consumed < policy.points : consumed <= policy.points,
      remaining: Math.max(0, policy.points - consumed),
      resetSeconds: Math.max(1, Math.ceil(msBeforeEnd / 1_000)),
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
  return {
    get shared() {
      return link.usable
    },
    limiter: policy => new PolicyLimiter(policy, link, config),
    stop: () => link.stop(),
  }
}
