// The relay of a transactional outbox. Rows are a queue, not a log: whatever is committed is published in order of id and
// deleted once the publisher has acknowledged it, so a transaction that commits late is simply picked up late. One relay
// works at a time (an advisory lock on a session of its own), which keeps each user's order with any number of replicas.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

export interface OutboxRow {
  readonly id: number
  readonly subject: string
  readonly message_id: string
  readonly payload: string
}

export interface OutboxOptions {
  readonly url: string
  /** Qualified name of the table, e.g. `progress.outbox`. Not input: part of the code. */
  readonly table: string
  readonly batchSize: number
  /** How long a row waits at most when the wake-up was lost. */
  readonly pollMs: number
  readonly publish: (row: OutboxRow) => Promise<void>
  readonly onFailure: (error: unknown) => void
}

const retryMs = 250

/** Nothing of a subject is published before what precedes it is acknowledged: its listeners see it in order. */
const publishInOrder = async (
  rows: readonly OutboxRow[],
  publish: OutboxOptions['publish'],
  published: number[],
): Promise<void> => {
  for (const row of rows) {
    await publish(row)
    published.push(row.id)
  }
}

export class OutboxRelay {
  readonly #options: OutboxOptions
  readonly #aborter = new AbortController()
  readonly #finished: Promise<void>
  /** Set by a wake-up that arrives while a batch is under way, so that none is lost. */
  #dirty = true
  #active = false
  #wake: (() => void) | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#finished = this.#run()
  }

  /** Whether this relay is the one at work, so that wake-ups are for it and not for another replica's. */
  get active(): boolean {
    return this.#active
  }

  /** Call after a commit that filled the outbox. Cheap, and safe at any time. */
  wake(): void {
    this.#dirty = true
    this.#wake?.()
  }

  /** Finishes the batch under way and ends. */
  async stop(): Promise<void> {
    this.#aborter.abort()
    this.#wake?.()
    await this.#finished
  }

  async #run(): Promise<void> {
    while (!this.#aborter.signal.aborted) {
      const client = new pg.Client({
        connectionString: this.#options.url,
        application_name: `relay ${this.#options.table}`,
        connectionTimeoutMillis: 2_000,
        query_timeout: 5_000,
        keepAlive: true,
      })
      client.on('error', () => undefined)
      try {
        await client.connect()
        await this.#relay(client)
      } catch (error) {
        this.#options.onFailure(error)
        await this.#pause()
      } finally {
        this.#active = false
        await client.end().catch(() => undefined)
      }
    }
  }

  async #relay(client: pg.Client): Promise<void> {
    while (!this.#aborter.signal.aborted) {
      if (!this.#active) {
        const lock = 'SELECT pg_try_advisory_lock(hashtext(current_database()), hashtext($1)) AS locked'
        const { rows } = await client.query<{ locked: boolean }>(lock, [this.#options.table])
        this.#active = rows[0]?.locked === true
      }
      this.#dirty = false
      const relayed = this.#active ? await this.#relayBatch(client) : 0
      if (relayed < this.#options.batchSize) await this.#idle()
    }
  }

  async #relayBatch(client: pg.Client): Promise<number> {
    const { table, batchSize, publish } = this.#options
    const select = `SELECT id::float8 AS id, subject, message_id, payload FROM ${table} ORDER BY id LIMIT ${batchSize}`
    const { rows } = await client.query<OutboxRow>(select)
    if (rows.length === 0) return 0
    const published: number[] = []
    const bySubject = [...Map.groupBy(rows, row => row.subject).values()]
    const outcomes = await Promise.allSettled(bySubject.map(ordered => publishInOrder(ordered, publish, published)))
    await client.query(`DELETE FROM ${table} WHERE id = ANY($1::bigint[])`, [published])
    const failed = outcomes.find(outcome => outcome.status === 'rejected')
    if (failed === undefined) return rows.length
    this.#options.onFailure(failed.reason)
    await this.#pause()
    return published.length
  }

  async #pause(): Promise<void> {
    await sleep(retryMs, undefined, { signal: this.#aborter.signal }).catch(() => undefined)
  }

  async #idle(): Promise<void> {
    if (this.#dirty || this.#aborter.signal.aborted) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, this.#options.pollMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }
}
