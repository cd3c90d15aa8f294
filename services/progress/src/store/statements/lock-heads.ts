// Locks the logs of these users until the end of the transaction, in order of user id, and reads their state.
// The lock is what makes `seq` dense and the order of commits the order of `seq`.
import { plainArray, type Queryable } from '@cairn/postgres'
import type { LogState } from '../../domain/log-state.ts'
import { headColumns, logStateOf, type HeadRow } from '../head-row.ts'

const text = `SELECT ${headColumns}
    FROM progress.heads AS h CROSS JOIN progress.epoch AS e
    WHERE h.user_id = ANY ($1::uuid[]) ORDER BY h.user_id FOR UPDATE OF h`

type LockLogs = (client: Queryable, userIds: readonly string[]) => Promise<ReadonlyMap<string, LogState>>

const lockWith =
  (statement: { name: string; text: string }): LockLogs =>
  async (client, userIds) => {
    const { rows } = await client.query<HeadRow>({ ...statement, values: [plainArray(userIds)] })
    return new Map(rows.map(row => [row.user_id, logStateOf(row)]))
  }

/** By user id; users without a row are missing. Waits for rows that somebody else has locked, until `lock_timeout`. */
export const lockHeads = lockWith({ name: 'lock-heads', text })

/** The same without waiting: rows that somebody else has locked are missing too. */
export const lockFreeHeads = lockWith({ name: 'lock-free-heads', text: `${text} SKIP LOCKED` })
