// Erases everything of one user, a bounded number of rows in each transaction. Each takes the head's lock first, as writers
// do, and the head goes last: a batch that is being committed is waited for, and one that comes in between is erased too.
import { inTransaction } from '@cairn/postgres'
import type pg from 'pg'
import { deleteHead } from './statements/delete-head.ts'
import { deleteLogRows } from './statements/delete-log-rows.ts'
import { lockHead } from './statements/lock-head.ts'

/** Resolves with how many rows were erased, 0 when there was nothing; safe to repeat and to interrupt. */
export const eraseUser = async (pool: pg.Pool, userId: string, batchRows: number): Promise<number> => {
  const eraseBatch = (): Promise<{ rows: number; done: boolean }> =>
    inTransaction(pool, async client => {
      if (!(await lockHead(client, userId))) return { rows: 0, done: true }
      const rows = await deleteLogRows(client, userId, batchRows)
      if (rows === batchRows) return { rows, done: false }
      await deleteHead(client, userId)
      return { rows: rows + 1, done: true }
    })
  let erased = 0
  for (;;) {
    const { rows, done } = await eraseBatch()
    erased += rows
    if (done) return erased
  }
}
