// Erases everything of one user, a bounded number of rows in each transaction. Each takes the head's lock first, as writers
// do, and the head goes last: a batch that is being committed is waited for, and one that comes in between is erased too.
// Of a user whose head was lost the rest is erased all the same, or a rebuild would bring them back.
import { inTransaction } from '@cairn/postgres'
import type pg from 'pg'
import { deleteHead } from './statements/delete-head.ts'
import { deleteLogRows } from './statements/delete-log-rows.ts'
import { ensureHeads } from './statements/ensure-heads.ts'
import { lockHead } from './statements/lock-head.ts'

/** Resolves with how many rows were erased, the head and what waits to be pushed aside; safe to repeat and to interrupt. */
export const eraseUser = async (pool: pg.Pool, userId: string, batchRows: number): Promise<number> => {
  const eraseBatch = (): Promise<{ rows: number; done: boolean }> =>
    inTransaction(pool, async client => {
      // Gone since it was made: another erasure came to the end, and this one begins again behind it.
      if (!(await lockHead(client, userId))) return { rows: 0, done: false }
      const rows = await deleteLogRows(client, userId, batchRows)
      if (rows === batchRows) return { rows, done: false }
      await deleteHead(client, userId)
      return { rows, done: true }
    })
  let erased = 0
  for (;;) {
    await ensureHeads(pool, [userId])
    const { rows, done } = await eraseBatch()
    erased += rows
    if (done) return erased
  }
}
