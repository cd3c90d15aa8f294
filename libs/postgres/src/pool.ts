// A pool of connections whose every wait is bounded, on the client's side of the database too.
import { callbackify } from 'node:util'
import type { Logger } from '@cairn/runtime'
import pg from 'pg'
import { ConnectionFailures } from './connection-failures.ts'
import type { SchemaGate } from './schema-gate.ts'
import { sessionOptions } from './session-settings.ts'
import { watchStatements } from './watch-statements.ts'

export interface PoolOptions {
  readonly url: string
  /** Shown in pg_stat_activity. */
  readonly name: string
  readonly maxConnections: number
  /** Longest wait for a connection, and longest run of one statement, both in milliseconds. */
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  /**
   * Longest silence of this side in the middle of a transaction, and longest time in which it takes nothing of an answer: then
   * the server ends the session, whose host may be lost, and with it its locks. Default: four statements' time.
   */
  readonly idleInTransactionMs?: number
  /** Of every connection beside those of session-settings.ts, e.g. of the planner. Not input: part of the code. */
  readonly settings?: Readonly<Record<string, string>>
  /** Looks at each new connection before it is used. */
  readonly gate?: SchemaGate
  /** Keeps each statement's name and time with the request it was for, and counts connections. */
  readonly logger?: Logger
  /** Told of idle connections that broke; the pool replaces them by itself. */
  readonly onIdleError: (error: Error) => void
}

const int8Oid = 20
const dateOid = 1082

/** int8 as number (all of Cairn's stay below 2^53), `date` as the text it is, everything else as pg does it. */
const typeParsers = new pg.TypeOverrides()
typeParsers.setTypeParser(int8Oid, Number)
typeParsers.setTypeParser(dateOid, String)

const countConnections = (pool: pg.Pool, { metrics }: Logger): void => {
  metrics.gauge('db.client.connection.count', () => pool.idleCount, { state: 'idle' })
  metrics.gauge('db.client.connection.count', () => pool.totalCount - pool.idleCount, { state: 'used' })
  metrics.gauge('db.client.connection.pending_requests', () => pool.waitingCount)
}

export const createPool = (options: PoolOptions): pg.Pool => {
  const { gate, url, connectTimeoutMs, logger } = options
  const answerTimeoutMs = options.statementTimeoutMs + 250
  const idleInTransactionMs = options.idleInTransactionMs ?? options.statementTimeoutMs * 4
  const pool = new pg.Pool({
    connectionString: url,
    application_name: options.name,
    max: options.maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    query_timeout: answerTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    keepAlive: true,
    options: sessionOptions({ tcp_user_timeout: String(idleInTransactionMs), ...options.settings }),
    types: typeParsers,
    ...(gate === undefined ? {} : { verify: callbackify(gate) }),
  })
  pool.on('error', options.onIdleError)
  // A lost connection is told to its queries; told to nobody else, it would end the process.
  pool.on('connect', client => client.on('error', () => undefined))
  const failures = new ConnectionFailures({ url, connectTimeoutMs, answerTimeoutMs })
  failures.nameIn(pool)
  pool.on('connect', client => watchStatements(client, { recorder: logger?.recorder, failures }))
  if (logger !== undefined) countConnections(pool, logger)
  return pool
}
