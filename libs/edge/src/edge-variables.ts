// Variables of every process with a port that strangers reach; gateway and realtime read the same ones.
import { variable } from '@cairn/runtime'
import { proxiesVariable } from './client-address.ts'

export const edgeVariables = {
  trustedProxies: proxiesVariable('TRUSTED_PROXIES', {
    fallback: [],
    description:
      'proxies whose `x-forwarded-for` and `x-request-id` are believed; loopback is not among them by itself',
  }),
  redisUrl: variable.redisUrl('REDIS_URL', {
    description: 'where limits are counted for all replicas together, credentials included',
  }),
  redisTimeoutMs: variable.integer('REDIS_TIMEOUT_MS', {
    min: 10,
    max: 10_000,
    fallback: 80,
    description:
      'longest wait for Redis before a process counts by itself, which it then does until Redis answers again',
  }),
  redisRetryMs: variable.integer('REDIS_RETRY_MS', {
    min: 10,
    max: 60_000,
    fallback: 500,
    description: 'how often a Redis that did not answer is asked again',
  }),
  redisKeyPrefix: variable.text('REDIS_KEY_PREFIX', {
    fallback: 'cairn',
    description: 'begins every key, so that several installations can share one Redis',
  }),
  limitsLocalPercent: variable.integer('LIMITS_LOCAL_PERCENT', {
    min: 1,
    max: 100,
    fallback: 50,
    description: 'part of each limit that one process lets through while it counts by itself',
  }),
  limitsRefusedMemoryMs: variable.integer('LIMITS_REFUSED_MEMORY_MS', {
    min: 0,
    max: 60_000,
    fallback: 1_000,
    description:
      'how long what a body claims beyond a limit is refused without asking Redis again; what another process gives back meanwhile is seen after that',
  }),
  limitsLocalKeys: variable.integer('LIMITS_LOCAL_KEYS', {
    min: 100,
    max: 10_000_000,
    fallback: 100_000,
    description:
      'most users and addresses counted by one process for one limit, at about 200 bytes each; the oldest go first',
  }),
} as const
