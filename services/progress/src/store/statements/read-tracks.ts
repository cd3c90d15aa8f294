// The stored state of these tracks; those that have none are left out.
import { plainArray, textArray, type Queryable } from '@cairn/postgres'
import type { TrackState } from '../../domain/track.ts'
import { trackColumns, trackOf, type TrackRow } from '../track-row.ts'

export interface UserTrackKey {
  readonly userId: string
  readonly trackId: string
}

const statement = {
  name: 'read-tracks',
  text: `SELECT ${trackColumns}
    FROM (SELECT unnest($1::uuid[]) AS user_id, unnest($2::text[]) AS track_id) AS wanted
    JOIN progress.tracks AS t ON t.user_id = wanted.user_id AND t.track_id = wanted.track_id COLLATE "C"`,
}

export const readTracks = async (
  client: Queryable,
  keys: readonly UserTrackKey[],
): Promise<readonly { userId: string; track: TrackState }[]> => {
  const { rows } = await client.query<TrackRow>({
    ...statement,
    values: [plainArray(keys.map(key => key.userId)), textArray(keys.map(key => key.trackId))],
  })
  return rows.map(row => ({ userId: row.user_id, track: trackOf(row) }))
}
