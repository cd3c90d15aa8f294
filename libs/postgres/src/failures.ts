// Which failures of Postgres mean "not now": the caller answers 503 and the same request may succeed later.
import { CairnError } from '@cairn/contracts'
import pg from 'pg'
import { SchemaBehind, SchemaRefused } from './schema-errors.ts'
import { PostgresUnavailable } from './unavailable.ts'

/** SQLSTATE classes and codes: https://www.postgresql.org/docs/18/errcodes-appendix.html */
const passingStates = [
  /^08/,
  /^25P03$/,
  /^28/,
  /^53/,
  /^57P/,
  /^57014$/,
  /^40001$/,
  /^40P01$/,
  /^55P03$/,
  /^58/,
  /^25006$/,
]
const connectionMessages = /connect|terminat|timeout|ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|socket|not queryable/i

/** True when nothing is wrong with the statement itself: connection lost or refused, also for its password, server stopping, out of time, deadlock, not migrated yet. */
export const isPassing = (error: unknown): boolean => {
  if (error instanceof SchemaBehind || error instanceof PostgresUnavailable) return true
  if (error instanceof SchemaRefused) return false
  if (error instanceof pg.DatabaseError) return passingStates.some(state => state.test(error.code ?? ''))
  if (error instanceof AggregateError) return error.errors.some(isPassing)
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return connectionMessages.test(code) || connectionMessages.test(error.message)
}

/** The same of what a service meets at its start. Then a login that is refused is a fault of the configuration, later a password under change. */
export const isPassingAtStart = (error: unknown): boolean =>
  isPassing(error) && !(error instanceof pg.DatabaseError && error.code?.startsWith('28') === true)

/** True when the connection itself is gone, so that the fate of a COMMIT may be unknown. */
export const isConnectionLoss = (error: unknown): boolean =>
  isPassing(error) &&
  !(error instanceof SchemaBehind) &&
  !(error instanceof pg.DatabaseError && !/^(08|28|25P03|57P)/.test(error.code ?? ''))

/** True when somebody else held a lock, of a row or a table, for longer than `lock_timeout`. */
export const isLockTimeout = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === '55P03'

/** What to throw at the border for a failure of the database. */
export const databaseFailure = (error: unknown): CairnError =>
  error instanceof CairnError ? error : new CairnError(isPassing(error) ? 'unavailable' : 'internal', { cause: error })

/** Name of the violated constraint, when that is what failed. */
export const violatedConstraint = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError && error.code?.startsWith('23') === true ? error.constraint : undefined
