// The one connection that migrates: everything on it is bounded, and ends with the process that holds it. It is never replaced by
// another, which would go on without the lock.
import knexFactory, { type Knex } from 'knex'
import pg from 'pg'
import { sessionOptions } from '../session-settings.ts'

export interface MigratorLimits {
  /** Longest run of one statement. */
  readonly statementTimeoutMs: number
  /** Longest wait for a lock on a table, for which everybody else then waits too. */
  readonly lockTimeoutMs: number
}

export interface MigratorConnection extends MigratorLimits {
  readonly databaseUrl: string
}

/** The same connection twice: knex for migrations, and bare for statements whose text no error may show. */
export type MigratorWork<T> = (database: Knex, client: pg.Client) => Promise<T>

const connectMs = 60_000
/** How soon the server notices that a killed runner is gone, also in the middle of a statement. */
const noticeMs = 1_000

/** What knex takes for a pool. */
const poolOf = (client: pg.Client) => ({
  connect: () => Promise.resolve(client),
  end: () => Promise.resolve(),
  totalCount: 1,
  idleCount: 0,
  waitingCount: 0,
})

/** Runs `work` on a connection of its own. Rejects when that is lost, also between two statements. */
export const withMigratorConnection = async <T>(
  { databaseUrl, statementTimeoutMs, lockTimeoutMs }: MigratorConnection,
  work: MigratorWork<T>,
): Promise<T> => {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'cairn-migrate',
    connectionTimeoutMillis: connectMs,
    options: sessionOptions({
      statement_timeout: String(statementTimeoutMs),
      lock_timeout: String(lockTimeoutMs),
    }),
  })
  let lost: Error | undefined
  client.on('error', error => (lost ??= error))
  try {
    await client.connect()
    // Not every server can: those on Windows.
    await client.query(`SET client_connection_check_interval = ${noticeMs}`).catch(() => undefined)
    return await work(knexFactory({ client: 'pg', connectionPool: poolOf(client) }), client)
  } catch (error) {
    throw lost === undefined
      ? error
      : new Error(`the connection was lost, start again: ${lost.message}`, { cause: error })
  } finally {
    await client.end().catch(() => undefined)
  }
}
