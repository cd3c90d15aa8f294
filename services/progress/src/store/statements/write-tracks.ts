// Stores the state of tracks, new or not.
import type pg from 'pg'
import type { TrackState } from '../../domain/track.ts'

const statement = {
  name: 'write-tracks',
  text: `INSERT INTO progress.tracks AS t (user_id, track_id, items, completed_items, points, duration_ms, event_count,
      last_at, last_seq)
    SELECT user_id, track_id, items, completed_items, points, duration_ms, event_count,
      to_timestamp(last_ms / 1000), last_seq
    FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
      $8::float8[], $9::bigint[])
      AS new (user_id, track_id, items, completed_items, points, duration_ms, event_count, last_ms, last_seq)
    ON CONFLICT (user_id, track_id) DO UPDATE SET
      items = excluded.items, completed_items = excluded.completed_items, points = excluded.points,
      duration_ms = excluded.duration_ms, event_count = excluded.event_count,
      last_at = excluded.last_at, last_seq = excluded.last_seq`,
}

export const writeTracks = async (
  client: pg.ClientBase,
  rows: readonly { userId: string; track: TrackState }[],
): Promise<void> => {
  await client.query({
    ...statement,
    values: [
      rows.map(row => row.userId),
      rows.map(row => row.track.trackId),
      rows.map(row => row.track.items),
      rows.map(row => row.track.completedItems),
      rows.map(row => row.track.points),
      rows.map(row => row.track.durationMs),
      rows.map(row => row.track.eventCount),
      rows.map(row => row.track.lastAtMs),
      rows.map(row => row.track.lastSeq),
    ],
  })
}
