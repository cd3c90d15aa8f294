// Adds activity to days and tells which of them had none before: only those can change a streak.
import type pg from 'pg'
import { formatDay, parseDay, type DayActivity } from '../../domain/day.ts'

const statement = {
  name: 'add-days',
  // xmax is 0 in a row that was inserted and not updated.
  text: `INSERT INTO progress.days AS d (user_id, day, events, points, duration_ms)
    SELECT user_id, day, events, points, duration_ms
    FROM unnest($1::uuid[], $2::date[], $3::bigint[], $4::bigint[], $5::bigint[])
      AS new (user_id, day, events, points, duration_ms)
    ON CONFLICT (user_id, day) DO UPDATE SET
      events = d.events + excluded.events, points = d.points + excluded.points,
      duration_ms = d.duration_ms + excluded.duration_ms
    RETURNING d.user_id, d.day, d.xmax = 0 AS is_new`,
}

/** The days that were not active before. */
export const addDays = async (
  client: pg.ClientBase,
  rows: readonly { userId: string; activity: DayActivity }[],
): Promise<readonly { userId: string; day: number }[]> => {
  const { rows: written } = await client.query<{ user_id: string; day: string; is_new: boolean }>({
    ...statement,
    values: [
      rows.map(row => row.userId),
      rows.map(row => formatDay(row.activity.day)),
      rows.map(row => row.activity.events),
      rows.map(row => row.activity.points),
      rows.map(row => row.activity.durationMs),
    ],
  })
  return written.filter(row => row.is_new).map(row => ({ userId: row.user_id, day: parseDay(row.day) }))
}
