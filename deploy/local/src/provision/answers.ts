// Whether a Postgres, NATS or Redis answers at a URL and lets us in. Logging in is the point: on a private instance the random
// password proves that it is ours and not whoever took the port.
import { connect } from '@nats-io/transport-node'
import { Redis } from 'ioredis'
import { Client } from 'pg'

const timeoutMs = 2_000

/** Each resolves when the server let us in and rejects with the reason. */
export type Answer = (url: string) => Promise<void>

export const postgresAnswers: Answer = async url => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('select 1')
  } finally {
    await client.end()
  }
}

export const natsAnswers: Answer = async url => {
  const [first = '', ...rest] = url.split(',')
  const { username, password, host, protocol } = new URL(first)
  const connection = await connect({
    servers: [host, ...rest.map(other => new URL(other).host)],
    ...(username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    ...(protocol === 'tls:' ? { tls: {} } : {}),
    timeout: timeoutMs,
    reconnect: false,
  })
  await connection.close()
}

export const redisAnswers: Answer = async url => {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  // The event has the server's own words; the calls below only say that the connection is closed.
  let reason: Error | undefined
  redis.on('error', error => (reason = error))
  try {
    await redis.connect()
    await redis.ping()
  } catch (error) {
    throw reason ?? error
  } finally {
    redis.disconnect()
  }
}
