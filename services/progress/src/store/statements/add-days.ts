// Adds activity to days.
import type pg from 'pg'
import type { DayActivity } from '../../domain/day.ts'

const statement = {
  name: 'add-days',
  text: `INSERT INTO progress.days AS d (user_id, day, events, points, duration_ms)
    SELECT user_id, DATE '1970-01-01' + day, events, points, duration_ms
    FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[])
      AS new (user_id, day, events, points, duration_ms)
    ON CONFLICT (user_id, day) DO UPDATE SET
      events = d.events + excluded.events, points = d.points + excluded.points,
      duration_ms = d.duration_ms + excluded.duration_ms`,
}

export const addDays = async (
  client: pg.ClientBase,
  rows: readonly { userId: string; activity: DayActivity }[],
): Promise<void> => {
  await client.query({
    ...statement,
    values: [
      rows.map(row => row.userId),
      rows.map(row => row.activity.day),
      rows.map(row => row.activity.events),
      rows.map(row => row.activity.points),
      rows.map(row => row.activity.durationMs),
    ],
  })
}
