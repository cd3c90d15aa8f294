// One transaction whose statements do not wait for each other: BEGIN leaves along with the first reads, the writes leave
// together, COMMIT right behind them. The server works them off in order, so a lock taken by one covers the next; what is
// saved is a round trip each, and the locks are held for less long. Needs a pool whose clients are pipelined.
import type pg from 'pg'
import { onConnection } from './transaction.ts'

/** What a transaction is done with. */
export class Pipeline {
  readonly client: pg.PoolClient
  readonly #sent: Promise<unknown>[] = []
  #corked = false

  constructor(client: pg.PoolClient) {
    this.client = client
  }

  /** Sends a statement whose answer is not needed before the end; its failure is the transaction's. */
  send(statement: () => Promise<unknown>): void {
    this.#gather()
    const sent = statement()
    // It is looked at in the end, which may come later than its failure.
    sent.catch(() => undefined)
    this.#sent.push(sent)
  }

  /** Resolves when all that was sent has succeeded. */
  async settled(): Promise<void> {
    await Promise.all(this.#sent)
  }

  /** The failure that came first, which those behind it only repeat; undefined when nothing sent has failed. */
  async firstFailure(): Promise<unknown> {
    const outcomes = await Promise.allSettled(this.#sent)
    return outcomes.find(outcome => outcome.status === 'rejected')?.reason
  }

  /** What is sent within this turn of the event loop leaves in one write. */
  #gather(): void {
    if (this.#corked) return
    const { stream } = this.client.connection
    this.#corked = true
    stream.cork()
    process.nextTick(() => {
      this.#corked = false
      stream.uncork()
    })
  }
}

/** The server answers the COMMIT of a transaction that has failed with ROLLBACK, and no error. */
const commit = async (client: pg.ClientBase): Promise<void> => {
  const { command } = await client.query('COMMIT')
  if (command !== 'COMMIT') throw new Error('rolled back instead of committed')
}

/** Runs `work` between BEGIN and COMMIT. Rejects with what failed first, and then nothing is stored. */
export const inPipelinedTransaction = <T>(pool: pg.Pool, work: (pipeline: Pipeline) => Promise<T>): Promise<T> =>
  onConnection(pool, async client => {
    const pipeline = new Pipeline(client)
    try {
      pipeline.send(() => client.query('BEGIN'))
      const result = await work(pipeline)
      pipeline.send(() => commit(client))
      await pipeline.settled()
      return result
    } catch (error) {
      throw (await pipeline.firstFailure()) ?? error
    }
  })
