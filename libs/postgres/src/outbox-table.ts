// What a relay asks of the table of its outbox.
import pg from 'pg'
import type { OutboxRow } from './outbox-shortcut.ts'
import { sessionOptions } from './session-settings.ts'

/**
 * The rows are few and the table is mostly what was deleted lately: read in the order of its key, or the planner scans all of
 * it, with parallel workers at that (measured: 16 ms a look instead of 0.3).
 */
const plannerSettings = {
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
} as const

/** Not connected yet. A session that is silent for longer than `silenceMs` is ended by the server, and with it its lock. */
export const outboxClient = ({
  url,
  table,
  silenceMs,
}: {
  url: string
  table: string
  silenceMs: number
}): pg.Client => {
  const client = new pg.Client({
    connectionString: url,
    application_name: `relay ${table}`,
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
    keepAlive: true,
    options: sessionOptions({
      ...plannerSettings,
      idle_session_timeout: String(silenceMs),
      // A deletion that a crash undoes is published again, which is no second event.
      synchronous_commit: 'off',
    }),
  })
  client.on('error', () => undefined)
  return client
}

export interface Found {
  readonly rows: readonly OutboxRow[]
  /** Of the snapshot in which they were seen: the transaction id below which all is over. */
  readonly xmin: number
}

export class OutboxTable {
  readonly #client: pg.Client
  readonly #options: { readonly table: string; readonly batchSize: number }

  constructor(client: pg.Client, options: { readonly table: string; readonly batchSize: number }) {
    this.#client = client
    this.#options = options
  }

  /** Whether this session is the one that works; it is until it ends. */
  async tryLock(): Promise<boolean> {
    const text = 'SELECT pg_try_advisory_lock(hashtext(current_database()), hashtext($1)) AS locked'
    const { rows } = await this.#client.query<{ locked: boolean }>(text, [this.#options.table])
    return rows[0]?.locked === true
  }

  /** Rows above `floor`, in order of id, but for those of these subjects; a batch at most. */
  async look(floor: number, heldSubjects: readonly string[]): Promise<Found> {
    const { table, batchSize } = this.#options
    const { rows } = await this.#client.query<
      { [Column in keyof OutboxRow]: OutboxRow[Column] | null } & { xmin: number }
    >({
      name: 'read-outbox',
      text: `SELECT found.*, pg_snapshot_xmin(pg_current_snapshot())::text::float8 AS xmin
        FROM (VALUES (1)) AS always
        LEFT JOIN (
          SELECT id::float8 AS id, subject, message_id, payload, origin FROM ${table}
          WHERE id > $1 AND subject <> ALL ($2::text[]) ORDER BY id LIMIT ${batchSize}
        ) AS found ON true
        ORDER BY id`,
      values: [floor, heldSubjects],
    })
    const found = rows.filter((row): row is OutboxRow & { xmin: number } => row.id !== null)
    return { rows: found, xmin: rows[0]?.xmin ?? 0 }
  }

  /** Resolves with the transaction id of the deletion; undefined when there was none. */
  async delete(ids: readonly number[]): Promise<number | undefined> {
    if (ids.length === 0) return undefined
    const text = `WITH gone AS (DELETE FROM ${this.#options.table} WHERE id = ANY ($1::bigint[]))
      SELECT pg_current_xact_id()::text::float8 AS xid`
    const { rows } = await this.#client.query<{ xid: number }>({ name: 'delete-published', text, values: [ids] })
    return rows[0]?.xid
  }
}
