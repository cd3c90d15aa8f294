// Which of these days are active already: only one that is not can change a streak.
import { numberArray, plainArray, type Queryable } from '@cairn/postgres'

export interface UserDay {
  readonly userId: string
  readonly day: number
}

const statement = {
  name: 'read-stored-days',
  text: `SELECT d.user_id, d.day - DATE '1970-01-01' AS day
    FROM (SELECT unnest($1::uuid[]) AS user_id, DATE '1970-01-01' + unnest($2::integer[]) AS day) AS wanted
    JOIN progress.days AS d USING (user_id, day)`,
}

export const readStoredDays = async (client: Queryable, days: readonly UserDay[]): Promise<readonly UserDay[]> => {
  const { rows } = await client.query<{ user_id: string; day: number }>({
    ...statement,
    values: [plainArray(days.map(one => one.userId)), numberArray(days.map(one => one.day))],
  })
  return rows.map(row => ({ userId: row.user_id, day: row.day }))
}
