// What every port that strangers reach needs: whose address is this, how much may they do, which web pages may ask.
export { createAddressReader, type AddressReader, type ClientAddress } from './client-address.ts'
export { edgeVariables } from './edge-variables.ts'
export { originsVariable, refuseUnsafeOrigins } from './origins.ts'
export { limitHeaders, refusalOf, type LimitHeaders } from './limits/answers.ts'
export { startRateLimits, type RateLimits } from './limits/rate-limits.ts'
export type { Limiter, Policy, Reservation, Verdict } from './limits/policy.ts'
export { createRedisClient, type RedisClientOptions } from './redis-client.ts'
