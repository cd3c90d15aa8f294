// A connection to Redis that queues nothing: what cannot be sent now fails now, and what was sent when it broke fails too. It comes
// back by itself, for ever, and gives up a server that keeps it open and says nothing.
import type { Logger } from '@cairn/runtime'
import { Redis, type RedisOptions } from 'ioredis'

export interface RedisClientOptions {
  readonly url: string
  /** Between attempts to connect, growing up to a second. */
  readonly retryMs: number
  readonly logger: Logger
  readonly more?: Pick<RedisOptions, 'keyPrefix' | 'autoResubscribe'>
}

const longestReconnectMs = 1_000
const connectTimeoutMs = 2_000
/** Without an answer for so long: another connection may fare better. */
const silenceMs = 5_000

export const createRedisClient = ({ url, retryMs, logger, more = {} }: RedisClientOptions): Redis => {
  const client = new Redis(url, {
    ...more,
    connectTimeout: connectTimeoutMs,
    socketTimeout: silenceMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: attempt => Math.min(retryMs * attempt, longestReconnectMs),
  })
  client.on('error', (error: unknown) => logger.debug({ error }, 'redis: a connection failed'))
  return client
}
