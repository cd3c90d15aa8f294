// Limits counted in Redis, in fixed windows, for all replicas together; by this process alone while Redis does not answer.
// Nothing here fails open, and nothing waits for Redis longer than its timeout.
import type { ConfigOf, Logger } from '@cairn/runtime'
import type { edgeVariables } from '../edge-variables.ts'
import { CountingClient } from './counting-client.ts'
import type { Limiter, Policy } from './policy.ts'
import { PolicyLimiter } from './policy-limiter.ts'
import { RedisLink } from './redis-link.ts'

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

/** Returns at once; until Redis is reached, and whenever it is lost, `shared` is false. */
export const startRateLimits = ({ config, logger }: RateLimitsOptions): RateLimits => {
  const link = new RedisLink({
    url: config.redisUrl,
    timeoutMs: config.redisTimeoutMs,
    retryMs: config.redisRetryMs,
    keyPrefix: config.redisKeyPrefix,
    logger,
  })
  const counts = { link, counting: new CountingClient(link) }
  const local = {
    percent: config.limitsLocalPercent,
    mostKeys: config.limitsLocalKeys,
    refusedMemoryMs: config.limitsRefusedMemoryMs,
  }
  return {
    get shared() {
      return link.usable
    },
    limiter: policy => new PolicyLimiter(policy, counts, local),
    stop: () => link.stop(),
  }
}
