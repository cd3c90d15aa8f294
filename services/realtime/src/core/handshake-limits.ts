// How often one address and one user may begin a connection: counted in Redis for all nodes together, by the node alone while
// Redis is away. And how many handshakes of this node may wait for the head of their log.
import { CairnError } from '@cairn/contracts'
import { refusalOf, startRateLimits, type Limiter } from '@cairn/edge'
import type { Logger } from '@cairn/runtime'
import type { RealtimeConfig } from '../config.ts'

export interface HandshakeLimits {
  /** Throws `rate_limited`, with the seconds to wait. */
  countAddress(key: string): Promise<void>
  /** Throws `rate_limited`, with the seconds to wait. */
  countUser(userId: string): Promise<void>
  /** Runs what waits for a head. Throws `unavailable` at once when as many wait as may. */
  wait<T>(task: () => Promise<T>): Promise<T>
  /** False while the node counts by itself. */
  readonly shared: boolean
  stop(): void
}

const windowSeconds = 60

const count = async (limiter: Limiter, key: string): Promise<void> => {
  const refusal = refusalOf([await limiter.consume(key)])
  if (refusal !== undefined) throw refusal
}

const boundWaiting = (most: number): HandshakeLimits['wait'] => {
  let waiting = 0
  return async task => {
    if (waiting >= most) throw new CairnError('unavailable', { detail: 'Too many connections begin at this moment.' })
    waiting += 1
    try {
      return await task()
    } finally {
      waiting -= 1
    }
  }
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
    wait: boundWaiting(config.maxHandshakesWaiting),
    get shared() {
      return limits.shared
    },
    stop: () => limits.stop(),
  }
}
