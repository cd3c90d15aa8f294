// One transaction whose statements do not wait for each other: BEGIN leaves along with the first reads, the writes leave
// together, COMMIT right behind them. The server works them off in order, so a lock taken by one covers the next; what is
// saved is a round trip each, and the locks are held for less long.
import type pg from 'pg'
import { StatementBatch, type PreparedStatement, type StatementAnswer } from './statement-batch.ts'
import { onConnection } from './transaction.ts'

/** Whoever a prepared statement can be given to: a pipeline, or a client of pg. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(statement: PreparedStatement): Promise<Pick<StatementAnswer<Row>, 'rows'>>
}

/** What a transaction is done with. */
export class Pipeline implements Queryable {
  readonly #client: pg.PoolClient
  readonly #sent: Promise<unknown>[] = []
  #batch: StatementBatch | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(client: pg.PoolClient) {
    this.#client = client
  }

  /** What is asked within this turn of the event loop leaves together. Rejects with what failed first in the transaction. */
  readonly query = async <Row extends pg.QueryResultRow>(
    statement: PreparedStatement,
  ): Promise<StatementAnswer<Row>> => {
    try {
      if (this.#failure !== undefined) throw this.#failure.error
      return await this.#gather().add<Row>(statement)
    } catch (error) {
      // Where it came from, and not how it was read. Those behind it fail with the same.
      if (this.#failure === undefined && error instanceof Error) Error.captureStackTrace(error, this.query)
      throw this.fail(error)
    }
  }

  /** Nothing is sent any more. Answers with what failed first. */
  fail(error: unknown): unknown {
    this.#failure ??= { error }
    const dropped = this.#batch
    this.#batch = undefined
    dropped?.drop(error)
    return this.#failure.error
  }

  /** For a statement whose answer is not needed before the end; its failure is the transaction's. */
  send(statement: Promise<unknown>): void {
    // Also when it could not be made: then COMMIT is not sent.
    statement.catch((error: unknown) => this.fail(error))
    this.#sent.push(statement)
  }

  /** Resolves when all that was sent has succeeded. */
  async settled(): Promise<void> {
    await Promise.all(this.#sent)
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #gather(): StatementBatch {
    const gathered = this.#batch
    if (gathered !== undefined) return gathered
    const batch = new StatementBatch(this.#client)
    this.#batch = batch
    process.nextTick(() => {
      if (this.#batch !== batch) return
      this.#batch = undefined
      this.#client.query(batch)
    })
    return batch
  }
}

const begin = { name: 'begin', text: 'BEGIN' }
const commit = { name: 'commit', text: 'COMMIT' }

/**
 * Runs `work` between BEGIN and COMMIT. Rejects with what failed first, and then nothing is stored. The server answers the COMMIT
 * of a transaction that has failed with ROLLBACK, and no error.
 */
export const inPipelinedTransaction = <T>(pool: pg.Pool, work: (pipeline: Pipeline) => Promise<T>): Promise<T> =>
  onConnection(pool, async client => {
    const pipeline = new Pipeline(client)
    try {
      pipeline.send(pipeline.query(begin))
      const result = await work(pipeline)
      const [{ command }] = await Promise.all([pipeline.query(commit), pipeline.settled()])
      if (command !== 'COMMIT') throw new Error('rolled back instead of committed')
      return result
    } catch (error) {
      throw pipeline.fail(error)
    }
  })
