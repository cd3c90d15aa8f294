// The relay of a transactional outbox. Rows are a queue, not a log: whatever is committed is published in order of id and
// deleted once the publisher has acknowledged it, so a transaction that commits late is simply picked up late. One relay
// works at a time (an advisory lock on a session of its own), which keeps each user's order with any number of replicas.
// What is not taken stays, and with it what follows on its subject; other subjects go on (held-subjects.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { databaseFailure } from './failures.ts'
import { HeldSubjects } from './held-subjects.ts'
import { OutboxFloor } from './outbox-floor.ts'

export interface OutboxRow {
  readonly id: number
  readonly subject: string
  readonly message_id: string
  readonly payload: string
  /** The request it was written for. */
  readonly origin: string | null
}

export interface OutboxOptions {
  readonly url: string
  /**
   * Qualified name of the table, e.g. `progress.outbox`. Not input: part of the code. Whoever fills it has written something
   * else in the same transaction before (outbox-floor.ts says why).
   */
  readonly table: string
  readonly batchSize: number
  /** How long a row waits at most when the wake-up was lost. */
  readonly pollMs: number
  /** A relay that asks nothing of the database for so long, e.g. because its process is frozen, loses its place. */
  readonly takeoverMs: number
  /** What `publish` takes at most. */
  readonly publishTimeoutMs: number
  readonly publish: (row: OutboxRow) => Promise<void>
  readonly onFailure: (error: unknown) => void
}

/** A row, and of the snapshot in which it was seen the transaction id below which all is over. */
interface SeenRow extends OutboxRow {
  readonly xmin: number
}

const retryMs = 250
/**
 * The rows are few and the table is mostly what was deleted lately: read in the order of its key, or the planner scans all of
 * it, with parallel workers at that (measured: 16 ms a look instead of 0.3).
 */
const plannerSettings = '-c enable_seqscan=off -c enable_bitmapscan=off -c max_parallel_workers_per_gather=0 -c jit=off'
/** Looking past what is held costs the more the more of it there is; this many times as long the relay then rests. */
const restFactor = 4

interface Outcome {
  readonly subject: string
  readonly published: readonly number[]
  readonly failure?: unknown
}

/** Nothing of a subject is published before what precedes it is acknowledged: its listeners see it in order. */
const publishInOrder = async (
  [subject, rows]: [string, readonly OutboxRow[]],
  publish: OutboxOptions['publish'],
  until: number,
): Promise<Outcome> => {
  const published: number[] = []
  try {
    for (const row of rows) {
      if (performance.now() > until) break
      await publish(row)
      published.push(row.id)
    }
  } catch (failure) {
    return { subject, published, failure }
  }
  return { subject, published }
}

export class OutboxRelay {
  readonly #options: OutboxOptions
  /** Longest silence towards the database. The server ends a session that is silent for longer, and with it its lock. */
  readonly #silenceMs: number
  readonly #aborter = new AbortController()
  readonly #finished: Promise<void>
  /** Set by a wake-up that arrives while a batch is under way, so that none is lost. */
  #dirty = true
  #active = false
  #behindSince: number | undefined
  #wake: (() => void) | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#silenceMs = Math.max(options.takeoverMs, 2 * options.pollMs, 3 * options.publishTimeoutMs)
    this.#finished = this.#run()
  }

  /** Whether this relay is the one at work, so that wake-ups are for it and not for another replica's. */
  get active(): boolean {
    return this.#active
  }

  /** Milliseconds since everything this relay saw was last published; 0 while it is. */
  get behindMs(): number {
    return this.#behindSince === undefined ? 0 : performance.now() - this.#behindSince
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
        // A deletion that a crash undoes is published again, which is no second event.
        options: `-c idle_session_timeout=${this.#silenceMs} -c synchronous_commit=off ${plannerSettings}`,
      })
      client.on('error', () => undefined)
      try {
        await client.connect()
        await this.#relay(client)
      } catch (error) {
        this.#options.onFailure(databaseFailure(error))
        await this.#pause(retryMs)
      } finally {
        this.#active = false
        await client.end().catch(() => undefined)
      }
    }
  }

  async #relay(client: pg.Client): Promise<void> {
    const held = new HeldSubjects(retryMs)
    const floor = new OutboxFloor()
    while (!this.#aborter.signal.aborted) {
      if (!this.#active) {
        const lock = 'SELECT pg_try_advisory_lock(hashtext(current_database()), hashtext($1)) AS locked'
        const { rows } = await client.query<{ locked: boolean }>(lock, [this.#options.table])
        this.#active = rows[0]?.locked === true
      }
      this.#dirty = false
      const more = this.#active && (await this.#relayBatch(client, { held, floor }))
      if (!more) await this.#idle(held.size > 0 ? Math.min(retryMs, this.#options.pollMs) : this.#options.pollMs)
    }
  }

  /** True when there may be more to publish at once. */
  async #relayBatch(client: pg.Client, { held, floor }: { held: HeldSubjects; floor: OutboxFloor }): Promise<boolean> {
    const { table, batchSize, publish } = this.#options
    // Half of a batch at most, so that what fails again leaves room for the rest.
    held.retry(Math.ceil(batchSize / 2))
    const heldBefore = held.size
    const lookedAt = performance.now()
    const { rows } = await client.query<SeenRow>({
      name: 'read-outbox',
      text: `SELECT id::float8 AS id, subject, message_id, payload, origin,
          pg_snapshot_xmin(pg_current_snapshot())::text::float8 AS xmin
        FROM ${table}
        WHERE id > $1 AND subject <> ALL ($2::text[]) ORDER BY id LIMIT ${batchSize}`,
      values: [floor.value, held.subjects],
    })
    const lookMs = performance.now() - lookedAt
    const bySubject = [...Map.groupBy(rows, row => row.subject)]
    const until = performance.now() + this.#silenceMs / 2
    const outcomes = await Promise.all(bySubject.map(one => publishInOrder(one, publish, until)))
    const published = new Set(outcomes.flatMap(outcome => outcome.published))
    const laterXid = published.size > 0 ? await this.#delete(client, [...published]) : undefined
    await this.#settle(outcomes, held)
    const cut = rows.length === batchSize
    if (rows[0] !== undefined) {
      const { xmin } = rows[0]
      const ids = rows.map(row => row.id)
      const left = new Set(ids.filter(id => !published.has(id)))
      floor.looked({ ids, cut, passedOver: Math.max(heldBefore, held.size) > 0, xmin, laterXid }, left)
    }
    if (cut || held.size < heldBefore) return true
    if (held.size > 0) await this.#pause(restFactor * lookMs)
    return false
  }

  /** Resolves with the transaction id of the deletion. */
  async #delete(client: pg.Client, ids: readonly number[]): Promise<number | undefined> {
    const text = `WITH gone AS (DELETE FROM ${this.#options.table} WHERE id = ANY ($1::bigint[]))
      SELECT pg_current_xact_id()::text::float8 AS xid`
    const { rows } = await client.query<{ xid: number }>({ name: 'delete-published', text, values: [ids] })
    return rows[0]?.xid
  }

  async #settle(outcomes: readonly Outcome[], held: HeldSubjects): Promise<void> {
    for (const { subject, published } of outcomes) if (published.length > 0) held.published(subject)
    const failed = outcomes.filter(outcome => 'failure' in outcome)
    const behind = failed.length > 0 || held.size > 0
    this.#behindSince = behind ? (this.#behindSince ?? performance.now()) : undefined
    if (failed[0] === undefined) return
    for (const { subject } of failed) held.failed(subject)
    this.#options.onFailure(failed[0].failure)
    if (held.full) await this.#pause(retryMs)
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#aborter.signal }).catch(() => undefined)
  }

  async #idle(mostMs: number): Promise<void> {
    if (this.#dirty || this.#aborter.signal.aborted) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, mostMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }
}
