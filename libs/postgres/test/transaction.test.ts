import { CairnError } from '@cairn/contracts'
import {
  createPool,
  databaseFailure,
  inPipelinedTransaction,
  inSnapshot,
  inTransaction,
  isConnectionLoss,
  isLockTimeout,
  isPassing,
  type Pipeline,
  violatedConstraint,
} from '@cairn/postgres'
import { createEmptyDatabase, eventually, startLink, type EmptyDatabase } from '@cairn/testkit'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let database: EmptyDatabase
let pool: pg.Pool
const settings = () => ({
  url: database.url,
  name: 'test',
  maxConnections: 2,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: 1_000,
  onIdleError: () => undefined,
})
beforeAll(async () => {
  database = await createEmptyDatabase()
  pool = createPool(settings())
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

it('a server that goes away in the middle of a statement fails that transaction, and nothing else', async () => {
  const proxy = await startLink(database.url)
  const options = { name: 'cut', maxConnections: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 5_000 }
  const cut = createPool({ ...options, url: proxy.url, onIdleError: () => undefined })
  const waiting = failureOf(inTransaction(cut, client => client.query('SELECT pg_sleep(4)')))
  const asleep = `SELECT FROM pg_stat_activity WHERE application_name = 'cut' AND wait_event = 'PgSleep'`
  await eventually(async () => expect((await pool.query(asleep)).rowCount).toBe(1))
  proxy.cut()
  expect(isConnectionLoss(await waiting)).toBe(true)
  proxy.restore()
  expect((await inTransaction(cut, client => client.query('SELECT 1'))).rowCount).toBe(1)
  await cut.end()
  await proxy.stop()
})

describe('a session that has gone silent', () => {
  const sessions = (): Promise<pg.QueryResult<{ wait_event: string }>> =>
    pool.query(`SELECT wait_event FROM pg_stat_activity WHERE application_name = 'silent'`)
  const open = (url: string): pg.Pool =>
    createPool({
      url,
      name: 'silent',
      maxConnections: 1,
      connectTimeoutMs: 5_000,
      statementTimeoutMs: 10_000,
      idleInTransactionMs: 400,
      onIdleError: () => undefined,
    })

  it('in the middle of a transaction is ended, which is told as a lost connection', async () => {
    const silent = open(database.url)
    const error = await failureOf(
      inTransaction(silent, async client => {
        await eventually(async () => expect((await sessions()).rowCount).toBe(0))
        await client.query('SELECT 1')
      }),
    )
    expect([isConnectionLoss(error), databaseFailure(error).code]).toEqual([true, 'unavailable'])
    expect((await inTransaction(silent, client => client.query('SELECT 1'))).rowCount).toBe(1)
    await silent.end()
  })

  it('in the middle of an answer is ended', async () => {
    const link = await startLink(database.url)
    const silent = open(link.url)
    const much = `SELECT repeat('x', 1000) FROM (SELECT pg_sleep(2)) AS slept, generate_series(1, 100000)`
    const failed = failureOf(inTransaction(silent, client => client.query(much)))
    const state = async (): Promise<string | undefined> => (await sessions()).rows[0]?.wait_event
    await eventually(async () => expect(await state()).toBe('PgSleep'))
    link.drop()
    await eventually(async () => expect(await state()).toBe('ClientWrite'))
    await eventually(async () => expect(await state()).toBeUndefined())
    link.cut()
    expect(isConnectionLoss(await failed)).toBe(true)
    await silent.end()
    await link.stop()
  })
})

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

describe('inPipelinedTransaction', () => {
  const values = async (): Promise<number[]> =>
    (await pool.query<{ n: number }>('SELECT n FROM numbers WHERE n > 100 ORDER BY n')).rows.map(row => row.n)
  const add = (n: number) => ({ name: 'add', text: 'INSERT INTO numbers VALUES ($1)', values: [String(n)] })
  const above = { name: 'above', text: 'SELECT n, nullif(n, 102) AS other FROM numbers WHERE n > 100' }

  it('commits what was sent, in order, and what was waited for sees it', async () => {
    const seen = await inPipelinedTransaction(pool, async pipeline => {
      pipeline.send(pipeline.query(add(101)))
      pipeline.send(pipeline.query({ name: 'more', text: 'UPDATE numbers SET n = n + 1 WHERE n = 101' }))
      const { rows } = await pipeline.query(above)
      pipeline.send(pipeline.query(add(103)))
      pipeline.send(pipeline.query(add(104)))
      return rows
    })
    expect(seen).toEqual([{ n: 102, other: null }])
    expect(await values()).toEqual([102, 103, 104])
  })

  it('prepares a statement once on a connection, and knows what it answers', async () => {
    const one = createPool({ ...settings(), maxConnections: 1 })
    const read = () =>
      inPipelinedTransaction(one, async pipeline => {
        const [first, second] = await Promise.all([pipeline.query(above), pipeline.query(above)])
        expect(second).toEqual(first)
        return first.rows
      })
    expect([await read(), (await read()).length]).toEqual([expect.arrayContaining([{ n: 103, other: 103 }]), 3])
    const { rows } = await one.query('SELECT name, generic_plans + custom_plans AS uses FROM pg_prepared_statements')
    expect(rows).toContainEqual({ name: 'above (batch)', uses: 4 })
    // pg has prepared it by its own name.
    expect((await one.query(above)).rows).toHaveLength(3)
    expect(await read()).toHaveLength(3)
    await one.end()
  })

  it('tells the failure that came first, and stores nothing', async () => {
    const error = await failureOf(
      inPipelinedTransaction(pool, async pipeline => {
        pipeline.send(pipeline.query(add(105)))
        pipeline.send(pipeline.query(add(-1)))
        await pipeline.query(add(106))
      }),
    )
    expect(violatedConstraint(error)).toBe('numbers_positive')
    expect(error).toHaveProperty('statement', 'add')
    expect(await values()).toEqual([102, 103, 104])
  })

  it('goes on with a connection on which a statement was not prepared, or failed when it was', async () => {
    const one = createPool({ ...settings(), maxConnections: 1 })
    const late = { name: 'late', text: 'SELECT 1 AS n' }
    const bad = (text: string) => ({ name: 'bad', text: `SELECT ${text}::int AS n` })
    for (const text of ['(', "'x'"]) {
      const failed = inPipelinedTransaction(one, async pipeline => {
        pipeline.send(pipeline.query(bad(text)))
        await pipeline.query(late)
      })
      expect(await failureOf(failed)).toHaveProperty('statement', 'bad')
      const ask = inPipelinedTransaction(one, pipeline =>
        Promise.all([late, bad('2')].map(each => pipeline.query(each))),
      )
      expect((await ask).map(answer => answer.rows)).toEqual([[{ n: 1 }], [{ n: 2 }]])
    }
    await one.end()
  })

  it('tells where a failure came from', async () => {
    const subtract = async (pipeline: Pipeline): Promise<void> => {
      await pipeline.query(add(-1))
    }
    const error = await failureOf(
      inPipelinedTransaction(pool, async pipeline => {
        pipeline.send(pipeline.query(add(105)))
        await subtract(pipeline)
      }),
    )
    const [, ...frames] = (error as Error).stack?.split('\n') ?? []
    expect(frames.find(frame => !frame.includes('node:'))).toContain('subtract')
  })

  it('stores nothing when a statement could not be made, or its failure comes after everything was sent', async () => {
    const unmade = inPipelinedTransaction(pool, async pipeline => {
      pipeline.send(pipeline.query(add(105)))
      pipeline.send(Promise.reject(new RangeError('no such day')))
    })
    await expect(unmade).rejects.toThrow('no such day')
    const behind = inPipelinedTransaction(pool, async pipeline => {
      pipeline.send(pipeline.query({ name: 'slow', text: 'SELECT pg_sleep(0.1)' }))
      void failureOf(pipeline.query(add(-1)))
      await new Promise(setImmediate)
      void failureOf(pipeline.query(add(105)))
    })
    expect(violatedConstraint(await failureOf(behind))).toBe('numbers_positive')
    expect(await values()).toEqual([102, 103, 104])
  })

  it('fails when it is asked what no batch can take, and says what', async () => {
    const copy = inPipelinedTransaction(pool, pipeline =>
      pipeline.query({ name: 'copy', text: 'COPY numbers FROM STDIN' }),
    )
    expect(databaseFailure(await failureOf(copy)).cause).toMatchObject({
      message: expect.stringContaining('COPY is no statement of a batch') as string,
    })
    const odd = { name: 'odd', text: 'SELECT $1::int', values: [new Date()] as unknown as string[] }
    expect(await failureOf(inPipelinedTransaction(pool, pipeline => pipeline.query(odd)))).toBeInstanceOf(Error)
    expect(await inPipelinedTransaction(pool, pipeline => pipeline.query({ name: 'empty', text: '' }))).toEqual({
      rows: [],
      command: '',
    })
  })

  it('leaves nobody waiting for a statement that was not sent', async () => {
    let late: Promise<unknown> | undefined
    const failed = inPipelinedTransaction(pool, async pipeline => {
      late = failureOf(pipeline.query(add(105)))
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await late).toHaveProperty('message', 'no')
  })

  it('takes no commit for one that was not: the server answers it with ROLLBACK, and no error', async () => {
    const failed = inPipelinedTransaction(pool, async pipeline => {
      await pipeline.query(add(105))
      const [client] = clients
      await failureOf(client?.query('SELECT 1 / 0') ?? Promise.resolve())
    })
    const clients: pg.PoolClient[] = []
    pool.once('acquire', client => clients.push(client))
    await expect(failed).rejects.toThrow('rolled back instead of committed')
    expect(await values()).toEqual([102, 103, 104])
  })

  it('fails though nobody looks at what failed', async () => {
    const failed = inPipelinedTransaction(pool, async pipeline => {
      await failureOf(pipeline.query(add(-1)))
    })
    expect(violatedConstraint(await failureOf(failed))).toBe('numbers_positive')
    expect(await values()).toEqual([102, 103, 104])
  })

  it('undoes everything when the work itself fails', async () => {
    const failed = inPipelinedTransaction(pool, async pipeline => {
      pipeline.send(pipeline.query(add(106)))
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await values()).toEqual([102, 103, 104])
  })

  it('gives no broken connection back to the pool', async () => {
    const error = await failureOf(
      inPipelinedTransaction(pool, async pipeline => {
        pipeline.send(pipeline.query({ name: 'end', text: 'SELECT pg_terminate_backend(pg_backend_pid())' }))
        pipeline.send(pipeline.query(add(107)))
      }),
    )
    expect([isConnectionLoss(error), databaseFailure(error).code]).toEqual([true, 'unavailable'])
    const again = [108, 109, 110].map(n => inPipelinedTransaction(pool, pipeline => pipeline.query(add(n))))
    await Promise.all(again)
    expect(await values()).toEqual([102, 103, 104, 108, 109, 110])
  })

  it('ends a statement that the database does not answer, with all behind it', async () => {
    const error = await failureOf(
      inPipelinedTransaction(pool, async pipeline => {
        await pipeline.query({ name: 'wait', text: 'SET statement_timeout = 0' })
        pipeline.send(pipeline.query({ name: 'sleep', text: 'SELECT pg_sleep(60)' }))
        await pipeline.query(add(111))
      }),
    )
    expect(databaseFailure(error).code).toBe('unavailable')
    expect(await values()).toEqual([102, 103, 104, 108, 109, 110])
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

  it.each(['25P03', '57P01', '08006'])('%s is a lost connection', code => {
    const error = Object.assign(new pg.DatabaseError('', 0, 'error'), { code })
    expect([isConnectionLoss(error), isPassing(error), isLockTimeout(error)]).toEqual([true, true, false])
  })

  it('that are CairnErrors stay what they are', () => {
    const error = new CairnError('not_found')
    expect(databaseFailure(error)).toBe(error)
    expect(isPassing('text')).toBe(false)
    expect(isPassing(new AggregateError([new Error('connect ECONNREFUSED')]))).toBe(true)
  })
})
