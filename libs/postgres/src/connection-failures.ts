// What a failed connection is told as: which PostgreSQL it was, and how long it was waited for. pg's own errors say neither.
import pg from 'pg'
import { isPassing } from './failures.ts'
import { SchemaBehind } from './schema-errors.ts'
import { PostgresUnavailable } from './unavailable.ts'

/** What the server itself said, or the gate, says what it is about. */
const isAnonymous = (error: unknown): error is Error =>
  error instanceof Error &&
  !(error instanceof pg.DatabaseError || error instanceof SchemaBehind || error instanceof PostgresUnavailable) &&
  isPassing(error)

/** Node tries all addresses of a name, and gives one error for all. */
const firstOf = (error: Error): Error =>
  error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error

const isTimeout = ({ message }: Error): boolean => message.includes('timeout')

const unavailable = (error: Error, what: string): PostgresUnavailable => {
  const first = firstOf(error)
  const { code } = first as { code?: string }
  const { statement } = error as { statement?: string }
  return new PostgresUnavailable(`${what}: ${first.message}`, { code, statement })
}

/** As pg understands the URL, which may name a directory of sockets; neither user nor password. */
const placeOf = (url: string): string => {
  const { host, port, database } = new pg.Client({ connectionString: url })
  return `PostgreSQL at ${host}:${port}/${database}`
}

type AnyFunction = (...args: unknown[]) => unknown
type Connected = (error: unknown, client: unknown, done: unknown) => void

export interface Waits {
  readonly url: string
  readonly connectTimeoutMs: number
  /** For the answer to a statement. */
  readonly answerTimeoutMs: number
}

export class ConnectionFailures {
  readonly #place: string
  readonly #waits: Waits

  constructor(waits: Waits) {
    this.#place = placeOf(waits.url)
    this.#waits = waits
  }

  /** Of one that was connected. Other errors are left as they are. */
  ofStatement(error: unknown): unknown {
    if (!isAnonymous(error)) return error
    const silent = `${this.#place} has not answered for ${this.#waits.answerTimeoutMs} ms`
    return unavailable(error, isTimeout(error) ? silent : `the connection to ${this.#place} was lost`)
  }

  /** Of one that was to be had from the pool. Other errors are left as they are. */
  ofConnecting(error: unknown, { totalCount, idleCount, waitingCount, options: { max } }: pg.Pool): unknown {
    if (!isAnonymous(error)) return error
    const within = isTimeout(error) ? ` within ${this.#waits.connectTimeoutMs} ms` : ''
    const pool = `${totalCount - idleCount} of ${max} taken, ${waitingCount} waiting`
    return unavailable(error, `no connection to ${this.#place} could be had${within} (${pool})`)
  }

  /** pg has no hook for this, so the pool's own functions are replaced. Statements on a client are `watchStatements`'s. */
  nameIn(pool: pg.Pool): void {
    const connect = pool.connect.bind(pool) as AnyFunction
    const query = pool.query.bind(pool) as AnyFunction
    // pg's own `query` connects by a callback.
    const connectNamed = (callback?: Connected): unknown =>
      callback === undefined
        ? this.#named(connect(), error => this.ofConnecting(error, pool))
        : connect((error: unknown, client: unknown, done: unknown) =>
            callback(this.ofConnecting(error, pool), client, done),
          )
    pool.connect = connectNamed as typeof pool.connect
    // A connection that breaks is told to the pool before it is told to the statement on it.
    const queryNamed: AnyFunction = (...args) => this.#named(query(...args), error => this.ofStatement(error))
    pool.query = queryNamed as typeof pool.query
  }

  #named(answer: unknown, name: (error: unknown) => unknown): unknown {
    if (!(answer instanceof Promise)) return answer
    return answer.catch((error: unknown) => {
      throw name(error)
    })
  }
}
