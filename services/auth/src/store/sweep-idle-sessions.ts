// Sessions that nobody refreshed in time, found by walking through the table's file: an index on a time that every refresh
// moves would end heap-only updates. A row that moves to another page meanwhile is found the next time.
import type { Queryable } from './queryable.ts'

const place = `ctid >= format('(%s,0)', $1::bigint)::tid AND ctid < format('(%s,0)', $1::bigint + $2::bigint)::tid`
const due = `${place} AND idle_expires_at <= now() AND ended_at IS NULL`

const remove = {
  name: 'sweep-idle-sessions',
  text: `WITH due AS (SELECT id FROM auth.sessions WHERE ${due} LIMIT $3 FOR UPDATE SKIP LOCKED)
    DELETE FROM auth.sessions s USING due WHERE s.id = due.id AND s.idle_expires_at <= now() RETURNING 1`,
}
const look = { name: 'look-for-idle-sessions', text: `SELECT 1 FROM auth.sessions WHERE ${due}` }
const size = {
  name: 'read-pages-of-sessions',
  text: `SELECT (pg_relation_size('auth.sessions') / current_setting('block_size')::int)::float8 AS pages`,
}

export interface Pages {
  readonly fromPage: number
  readonly pages: number
  /** Most that are deleted. */
  readonly limit: number
  /** Deletes nothing. */
  readonly dryRun: boolean
}

/** Resolves with how many were deleted, or would have been, and how long the table is. */
export const sweepIdleSessions = async (
  database: Queryable,
  { fromPage, pages, limit, dryRun }: Pages,
): Promise<{ rows: number; tablePages: number }> => {
  const values = [fromPage, pages]
  const { rowCount } = await database.query(dryRun ? { ...look, values } : { ...remove, values: [...values, limit] })
  const { rows } = await database.query<{ pages: number }>(size)
  return { rows: rowCount ?? 0, tablePages: rows[0]?.pages ?? 0 }
}
