// How big an owner's tables are, and how long its outbox has waited: cheap, since nothing is counted.
import type { TableReport } from '@cairn/contracts'
import type pg from 'pg'

const sizes = `SELECT relname::text AS name, greatest(reltuples, 0)::float8 AS rows,
    pg_total_relation_size(oid)::float8 AS bytes
  FROM pg_catalog.pg_class WHERE relkind = 'r' AND relnamespace = $1::text::regnamespace ORDER BY relname`

/** `schema` is not input: part of the code. */
export const inspectTables = async (pool: pg.Pool, schema: string): Promise<TableReport> => {
  const { rows: tables } = await pool.query<TableReport['tables'][number]>(sizes, [schema])
  const oldest = `SELECT (extract(epoch FROM clock_timestamp() - created_at) * 1000)::float8 AS ms
    FROM ${schema}.outbox ORDER BY id LIMIT 1`
  const { rows } = await pool.query<{ ms: number }>(oldest)
  return { tables, outbox_oldest_ms: rows[0]?.ms ?? null }
}
