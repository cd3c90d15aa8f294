// The one connection that migrates: everything on it is bounded, and ends with the process that holds it.
import knexFactory, { type Knex } from 'knex'

export interface MigratorLimits {
  /** Longest run of one statement. */
  readonly statementTimeoutMs: number
  /** Longest wait for a lock on a table, for which everybody else then waits too. */
  readonly lockTimeoutMs: number
}

export interface MigratorConnection extends MigratorLimits {
  readonly databaseUrl: string
}

/** How soon the server notices that a killed runner is gone, also in the middle of a statement. */
const noticeMs = 1_000

/** Runs `work` on a connection of its own. */
export const withMigratorConnection = async <T>(
  { databaseUrl, statementTimeoutMs, lockTimeoutMs }: MigratorConnection,
  work: (database: Knex) => Promise<T>,
): Promise<T> => {
  const options = `-c statement_timeout=${statementTimeoutMs} -c lock_timeout=${lockTimeoutMs}`
  const database = knexFactory({
    client: 'pg',
    connection: { connectionString: databaseUrl, application_name: 'cairn-migrate', options },
    pool: { min: 1, max: 1 },
  })
  try {
    // Not every server can: those on Windows.
    await database.raw(`SET client_connection_check_interval = ${noticeMs}`).catch(() => undefined)
    return await work(database)
  } finally {
    await database.destroy()
  }
}
