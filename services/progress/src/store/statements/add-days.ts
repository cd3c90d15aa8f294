// Adds activity to days. Their users' logs are locked (write-items.ts says why MERGE).
import { numberArray, plainArray, type Queryable } from '@cairn/postgres'
import type { DayActivity } from '../../domain/day.ts'

const statement = {
  name: 'add-days',
  text: `MERGE INTO progress.days AS d
    USING (
      SELECT unnest($1::uuid[]) AS user_id, DATE '1970-01-01' + unnest($2::integer[]) AS day,
        unnest($3::bigint[]) AS events, unnest($4::bigint[]) AS points, unnest($5::bigint[]) AS duration_ms
    ) AS new
    ON d.user_id = new.user_id AND d.day = new.day
    WHEN MATCHED THEN UPDATE SET
      events = d.events + new.events, points = d.points + new.points, duration_ms = d.duration_ms + new.duration_ms
    WHEN NOT MATCHED THEN INSERT (user_id, day, events, points, duration_ms)
      VALUES (new.user_id, new.day, new.events, new.points, new.duration_ms)`,
}

export const addDays = async (
  client: Queryable,
  rows: readonly { userId: string; activity: DayActivity }[],
): Promise<void> => {
  await client.query({
    ...statement,
    values: [
      plainArray(rows.map(row => row.userId)),
      numberArray(rows.map(row => row.activity.day)),
      numberArray(rows.map(row => row.activity.events)),
      numberArray(rows.map(row => row.activity.points)),
      numberArray(rows.map(row => row.activity.durationMs)),
    ],
  })
}
