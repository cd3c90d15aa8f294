// Stores the state of items, new or not. Their users' logs are locked, so MERGE is safe, and cheaper than ON CONFLICT, which
// locks each row before it updates it.
import { numberArray, plainArray, textArray, type Queryable } from '@cairn/postgres'
import type { ItemState } from '../../domain/item.ts'

const statement = {
  name: 'write-items',
  text: `MERGE INTO progress.items AS i
    USING (
      SELECT unnest($1::uuid[]) AS user_id, unnest($2::text[]) AS track_id, unnest($3::text[]) AS item_id,
        unnest($4::float8[]) AS reset_ms, unnest($5::float8[]) AS percent, unnest($6::float8[]) AS best_score,
        unnest($7::bigint[]) AS points, unnest($8::bigint[]) AS duration_ms, unnest($9::bigint[]) AS event_count,
        unnest($10::float8[]) AS first_ms, unnest($11::float8[]) AS last_ms, unnest($12::float8[]) AS completed_ms
    ) AS new
    ON i.user_id = new.user_id AND i.track_id = new.track_id COLLATE "C" AND i.item_id = new.item_id COLLATE "C"
    WHEN MATCHED THEN UPDATE SET
      reset_at = to_timestamp(reset_ms / 1000), percent = new.percent, best_score = new.best_score, points = new.points,
      duration_ms = new.duration_ms, event_count = new.event_count, first_at = to_timestamp(first_ms / 1000),
      last_at = to_timestamp(last_ms / 1000), completed_at = to_timestamp(completed_ms / 1000)
    WHEN NOT MATCHED THEN INSERT (user_id, track_id, item_id, reset_at, percent, best_score, points, duration_ms,
        event_count, first_at, last_at, completed_at)
      VALUES (new.user_id, new.track_id, new.item_id, to_timestamp(reset_ms / 1000), new.percent, new.best_score, new.points,
        new.duration_ms, new.event_count, to_timestamp(first_ms / 1000), to_timestamp(last_ms / 1000),
        to_timestamp(completed_ms / 1000))`,
}

export const writeItems = async (
  client: Queryable,
  rows: readonly { userId: string; item: ItemState }[],
): Promise<void> => {
  await client.query({
    ...statement,
    values: [
      plainArray(rows.map(row => row.userId)),
      textArray(rows.map(row => row.item.trackId)),
      textArray(rows.map(row => row.item.itemId)),
      numberArray(rows.map(row => row.item.resetAtMs)),
      numberArray(rows.map(row => row.item.percent)),
      numberArray(rows.map(row => row.item.bestScore)),
      numberArray(rows.map(row => row.item.points)),
      numberArray(rows.map(row => row.item.durationMs)),
      numberArray(rows.map(row => row.item.eventCount)),
      numberArray(rows.map(row => row.item.firstAtMs)),
      numberArray(rows.map(row => row.item.lastAtMs)),
      numberArray(rows.map(row => row.item.completedAtMs)),
    ],
  })
}
