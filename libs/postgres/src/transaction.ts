// One transaction on one connection. A connection that failed in an unclear state is closed, never given back.
import type pg from 'pg'
import { isConnectionLoss } from './failures.ts'

/**
 * Runs `work`, which begins a transaction and commits it, on a connection of the pool. Rolls back and rethrows whatever it
 * throws; a connection that is lost, or does not roll back, is closed.
 */
export const onConnection = async <T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    return await work(client)
  } catch (error) {
    if (isConnectionLoss(error)) broken = error as Error
    else await client.query('ROLLBACK').catch((failed: Error) => (broken = failed))
    throw error
  } finally {
    client.release(broken)
  }
}

/** Runs `work` between BEGIN and COMMIT; rolls back and rethrows whatever it throws. */
export const inTransaction = <T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  begin = 'BEGIN',
): Promise<T> =>
  onConnection(pool, async client => {
    await client.query(begin)
    const result = await work(client)
    await client.query('COMMIT')
    return result
  })

/** All reads of `work` see one state of the database. */
export const inSnapshot = <T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> =>
  inTransaction(pool, work, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
