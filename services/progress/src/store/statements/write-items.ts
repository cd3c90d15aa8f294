// Stores the state of items, new or not.
import type pg from 'pg'
import type { ItemState } from '../../domain/item.ts'

const statement = {
  name: 'write-items',
  text: `INSERT INTO progress.items AS i (user_id, track_id, item_id, reset_at, percent, best_score, points, duration_ms,
      event_count, first_at, last_at, completed_at)
    SELECT user_id, track_id, item_id, to_timestamp(reset_ms / 1000), percent, best_score, points, duration_ms,
      event_count, to_timestamp(first_ms / 1000), to_timestamp(last_ms / 1000), to_timestamp(completed_ms / 1000)
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::float8[], $7::bigint[], $8::bigint[],
      $9::bigint[], $10::float8[], $11::float8[], $12::float8[])
      AS new (user_id, track_id, item_id, reset_ms, percent, best_score, points, duration_ms,
        event_count, first_ms, last_ms, completed_ms)
    ON CONFLICT (user_id, track_id, item_id) DO UPDATE SET
      reset_at = excluded.reset_at, percent = excluded.percent, best_score = excluded.best_score,
      points = excluded.points, duration_ms = excluded.duration_ms, event_count = excluded.event_count,
      first_at = excluded.first_at, last_at = excluded.last_at, completed_at = excluded.completed_at`,
}

export const writeItems = async (
  client: pg.ClientBase,
  rows: readonly { userId: string; item: ItemState }[],
): Promise<void> => {
  await client.query({
    ...statement,
    values: [
      rows.map(row => row.userId),
      rows.map(row => row.item.trackId),
      rows.map(row => row.item.itemId),
      rows.map(row => row.item.resetAtMs),
      rows.map(row => row.item.percent),
      rows.map(row => row.item.bestScore),
      rows.map(row => row.item.points),
      rows.map(row => row.item.durationMs),
      rows.map(row => row.item.eventCount),
      rows.map(row => row.item.firstAtMs),
      rows.map(row => row.item.lastAtMs),
      rows.map(row => row.item.completedAtMs),
    ],
  })
}
