// The gateway's limits by name: the names are what clients see in `RateLimit` and `violated-policies`.
import type { Limiter, Policy, RateLimits } from '@cairn/edge'
import type { ConfigOf } from '@cairn/runtime'
import type { limitVariables } from './limit-variables.ts'

export type LimitName =
  | 'address'
  | 'failures'
  | 'nonce'
  | 'apple'
  | 'guest'
  | 'subject'
  | 'refresh'
  | 'session'
  | 'notifications'
  | 'user'
  | 'events'

export type GatewayLimits = Readonly<Record<LimitName, Limiter>>

export const createLimits = (limits: RateLimits, config: ConfigOf<typeof limitVariables>): GatewayLimits => {
  const limiter = (name: LimitName, points: number, windowSeconds = 60): Limiter => {
    const policy: Policy = { name, points, windowSeconds }
    return limits.limiter(policy)
  }
  return {
    address: limiter('address', config.requestsPerAddress),
    failures: limiter('failures', config.failuresPerAddress),
    nonce: limiter('nonce', config.signInsPerAddress),
    apple: limiter('apple', config.signInsPerAddress),
    guest: limiter('guest', config.signInsPerAddress),
    subject: limiter('subject', config.signInsPerSubject),
    refresh: limiter('refresh', config.refreshesPerAddress),
    session: limiter('session', config.refreshesPerSession),
    notifications: limiter('notifications', config.notificationsPerAddress),
    user: limiter('user', config.requestsPerUser),
    events: limiter('events', config.eventsPerUser, config.eventsWindowSeconds),
  }
}
