// The greatest `last_at` among the items of these tracks, for tracks whose last item was taken back by a reset.
import { plainArray, textArray, type Queryable } from '@cairn/postgres'
import type { UserTrackKey } from './read-tracks.ts'

const statement = {
  name: 'read-track-last-at',
  text: `SELECT (
      SELECT round(date_part('epoch', max(i.last_at)) * 1000)
      FROM progress.items AS i
      WHERE i.user_id = wanted.user_id AND i.track_id = wanted.track_id COLLATE "C"
    ) AS last_ms
    FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS wanted (user_id, track_id, place)
    ORDER BY wanted.place`,
}

/** Milliseconds since 1970, or null where nothing counts; one answer per track, in the order asked. */
export const readTrackLastAt = async (
  client: Queryable,
  tracks: readonly UserTrackKey[],
): Promise<readonly (number | null)[]> => {
  const { rows } = await client.query<{ last_ms: number | null }>({
    ...statement,
    values: [plainArray(tracks.map(track => track.userId)), textArray(tracks.map(track => track.trackId))],
  })
  return rows.map(row => row.last_ms)
}
