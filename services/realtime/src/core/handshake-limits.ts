// How often one address and one user may begin a connection: counted in Redis for all nodes together, by the node alone while
// Redis is away.
import { refusalOf, startRateLimits, type Limiter } from '@cairn/edge'
import type { Logger } from '@cairn/runtime'
import type { RealtimeConfig } from '../config.ts'

export interface HandshakeLimits {
  /** Throws `rate_limited`, with the seconds to wait. */
  countAddress(key: string): Promise<void>
  /** Throws `rate_limited`, with the seconds to wait. */
  countUser(userId: string): Promise<void>
  stop(): void
}

const windowSeconds = 60

const count = async (limiter: Limiter, key: string): Promise<void> => {
  const refusal = refusalOf([await limiter.consume(key)])
  if (refusal !== undefined) throw refusal
}

/** Returns at once; Redis may come later. */
export const startHandshakeLimits = (config: RealtimeConfig, logger: Logger): HandshakeLimits => {
  const limits = startRateLimits({ config, logger })
  const { handshakesPerAddress, handshakesPerUser } = config
  const address = limits.limiter({ name: 'handshakes-address', points: handshakesPerAddress, windowSeconds })
  const user = limits.limiter({ name: 'handshakes-user', points: handshakesPerUser, windowSeconds })
  return {
    countAddress: key => count(address, key),
    countUser: userId => count(user, userId),
    stop: () => limits.stop(),
  }
}
