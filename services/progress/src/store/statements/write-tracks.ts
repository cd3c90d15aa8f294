// Stores the state of tracks, new or not. Their users' logs are locked (write-items.ts says why MERGE).
import { numberArray, plainArray, textArray, type Queryable } from '@cairn/postgres'
import type { TrackState } from '../../domain/track.ts'

const statement = {
  name: 'write-tracks',
  text: `MERGE INTO progress.tracks AS t
    USING (
      SELECT unnest($1::uuid[]) AS user_id, unnest($2::text[]) AS track_id, unnest($3::bigint[]) AS items,
        unnest($4::bigint[]) AS completed_items, unnest($5::bigint[]) AS points, unnest($6::bigint[]) AS duration_ms,
        unnest($7::bigint[]) AS event_count, unnest($8::float8[]) AS last_ms, unnest($9::bigint[]) AS last_seq
    ) AS new
    ON t.user_id = new.user_id AND t.track_id = new.track_id COLLATE "C"
    WHEN MATCHED THEN UPDATE SET
      items = new.items, completed_items = new.completed_items, points = new.points, duration_ms = new.duration_ms,
      event_count = new.event_count, last_at = to_timestamp(last_ms / 1000), last_seq = new.last_seq
    WHEN NOT MATCHED THEN INSERT (user_id, track_id, items, completed_items, points, duration_ms, event_count, last_at, last_seq)
      VALUES (new.user_id, new.track_id, new.items, new.completed_items, new.points, new.duration_ms, new.event_count,
        to_timestamp(last_ms / 1000), new.last_seq)`,
}

export const writeTracks = async (
  client: Queryable,
  rows: readonly { userId: string; track: TrackState }[],
): Promise<void> => {
  await client.query({
    ...statement,
    values: [
      plainArray(rows.map(row => row.userId)),
      textArray(rows.map(row => row.track.trackId)),
      numberArray(rows.map(row => row.track.items)),
      numberArray(rows.map(row => row.track.completedItems)),
      numberArray(rows.map(row => row.track.points)),
      numberArray(rows.map(row => row.track.durationMs)),
      numberArray(rows.map(row => row.track.eventCount)),
      numberArray(rows.map(row => row.track.lastAtMs)),
      numberArray(rows.map(row => row.track.lastSeq)),
    ],
  })
}
