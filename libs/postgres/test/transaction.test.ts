import { CairnError } from '@cairn/contracts'
import {
  createPool,
  databaseFailure,
  inSnapshot,
  inTransaction,
  isConnectionLoss,
  isPassing,
  violatedConstraint,
} from '@cairn/postgres'
import { createEmptyDatabase, type EmptyDatabase } from '@cairn/testkit'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let database: EmptyDatabase
let pool: pg.Pool
beforeAll(async () => {
  database = await createEmptyDatabase()
  pool = createPool({
    url: database.url,
    name: 'test',
    maxConnections: 2,
    connectTimeoutMs: 500,
    statementTimeoutMs: 1_000,
    onIdleError: () => undefined,
  })
  await pool.query('CREATE TABLE numbers (n int CONSTRAINT numbers_positive CHECK (n > 0))')
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const insert = (n: number) => (client: pg.PoolClient) => client.query('INSERT INTO numbers VALUES ($1)', [n])
const count = async (): Promise<number> =>
  (await pool.query<{ n: number }>('SELECT count(*) AS n FROM numbers')).rows[0]?.n ?? -1
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('inTransaction', () => {
  it('commits what succeeds and undoes what fails', async () => {
    await inTransaction(pool, insert(1))
    const failed = inTransaction(pool, async client => {
      await insert(2)(client)
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await count()).toBe(1)
  })

  it('names the violated constraint, which is not a passing failure', async () => {
    const error = await failureOf(inTransaction(pool, insert(-1)))
    expect(violatedConstraint(error)).toBe('numbers_positive')
    expect([isPassing(error), databaseFailure(error).code]).toEqual([false, 'internal'])
  })

  it('gives no broken connection back to the pool', async () => {
    const error = await failureOf(
      inTransaction(pool, client => client.query('SELECT pg_terminate_backend(pg_backend_pid())')),
    )
    expect([isConnectionLoss(error), databaseFailure(error).code]).toEqual([true, 'unavailable'])
    expect(await Promise.all([count(), count(), count()])).toEqual([1, 1, 1])
  })

  it('reads one state in a snapshot, and cannot write there', async () => {
    const counts = await inSnapshot(pool, async client => {
      const read = async () => (await client.query<{ n: number }>('SELECT count(*) AS n FROM numbers')).rows[0]?.n
      const before = await read()
      await inTransaction(pool, insert(5))
      return [before, await read()]
    })
    expect(counts).toEqual([1, 1])
    await expect(inSnapshot(pool, insert(6))).rejects.toThrow('read-only')
  })
})

describe('failures', () => {
  it('of a server that is not there are passing', async () => {
    const nowhere = createPool({
      url: 'postgresql://u:p@127.0.0.1:1/d',
      name: 'test',
      maxConnections: 1,
      connectTimeoutMs: 300,
      statementTimeoutMs: 300,
      onIdleError: () => undefined,
    })
    const error = await failureOf(nowhere.query('SELECT 1'))
    expect([isPassing(error), databaseFailure(error).code]).toEqual([true, 'unavailable'])
    await nowhere.end()
  })

  it('that are CairnErrors stay what they are', () => {
    const error = new CairnError('not_found')
    expect(databaseFailure(error)).toBe(error)
    expect(isPassing('text')).toBe(false)
    expect(isPassing(new AggregateError([new Error('connect ECONNREFUSED')]))).toBe(true)
  })
})
