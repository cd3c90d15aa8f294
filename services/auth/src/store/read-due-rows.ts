// What is due for clean-up, without cleaning it up: how much of it, and for how long the oldest has been.
import type { DueRows } from '@cairn/contracts'
import type { Queryable } from './queryable.ts'

export interface DueSelection {
  /** Of the prepared statement. */
  readonly name: string
  /** Selects `due_at`, at most $1 of them, the oldest first. */
  readonly text: string
  readonly values: readonly unknown[]
}

/** At most $1 rows, as a clean-up would take; the oldest is that of all selections, when rows become due for several reasons. */
export const readDueRows = async (database: Queryable, { name, text, values }: DueSelection): Promise<DueRows> => {
  const statement = `SELECT least(count(*), $1)::float8 AS rows, (extract(epoch FROM now() - min(due_at)) * 1000)::float8 AS oldest_ms
    FROM (${text}) AS due`
  const { rows } = await database.query<DueRows>({ name, text: statement, values: [...values] })
  return rows[0] ?? { rows: 0, oldest_ms: null }
}
