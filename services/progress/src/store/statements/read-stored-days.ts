// Which of these days are active already: only one that is not can change a streak.
import { numberArray, plainArray } from '@cairn/postgres'
import type pg from 'pg'

export interface UserDay {
  readonly userId: string
  readonly day: number
}

const statement = {
  name: 'read-stored-days',
  text: `SELECT d.user_id, d.day - DATE '1970-01-01' AS day
    FROM unnest($1::uuid[], $2::integer[]) AS wanted (user_id, day)
    JOIN progress.days AS d ON d.user_id = wanted.user_id AND d.day = DATE '1970-01-01' + wanted.day`,
}

export const readStoredDays = async (client: pg.ClientBase, days: readonly UserDay[]): Promise<readonly UserDay[]> => {
  const { rows } = await client.query<{ user_id: string; day: number }>({
    ...statement,
    values: [plainArray(days.map(one => one.userId)), numberArray(days.map(one => one.day))],
  })
  return rows.map(row => ({ userId: row.user_id, day: row.day }))
}
