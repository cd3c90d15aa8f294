// What is known of one user's log as a whole; the empty log where the user has none.
import type pg from 'pg'
import { emptyLog, type LogState } from '../../domain/log-state.ts'
import { headColumns, logStateOf, type HeadRow } from '../head-row.ts'

const statement = {
  name: 'read-log-state',
  text: `SELECT ${headColumns} FROM progress.epoch AS e LEFT JOIN progress.heads AS h ON h.user_id = $1`,
}

type MaybeHeadRow = HeadRow | { readonly user_id: null; readonly epoch: string }

export const readLogState = async (client: pg.ClientBase | pg.Pool, userId: string): Promise<LogState> => {
  const { rows } = await client.query<MaybeHeadRow>({ ...statement, values: [userId] })
  const row = rows[0]
  if (row === undefined) throw new Error('progress.epoch is empty')
  return row.user_id === null ? emptyLog(row.epoch) : logStateOf(row)
}
