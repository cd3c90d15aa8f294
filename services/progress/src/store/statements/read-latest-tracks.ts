// The tracks last touched, latest first.
import type pg from 'pg'
import type { TrackState } from '../../domain/track.ts'
import { trackColumns, trackOf, type TrackRow } from '../track-row.ts'

const statement = {
  name: 'read-latest-tracks',
  text: `SELECT ${trackColumns} FROM progress.tracks AS t
    WHERE t.user_id = $1 AND t.last_seq > 0 AND t.last_seq < $2 ORDER BY t.last_seq DESC LIMIT $3`,
}

/** At most `limit` tracks that were last touched before `beforeSeq`. */
export const readLatestTracks = async (
  client: pg.ClientBase | pg.Pool,
  { userId, beforeSeq, limit }: { userId: string; beforeSeq: number; limit: number },
): Promise<readonly TrackState[]> => {
  const { rows } = await client.query<TrackRow>({ ...statement, values: [userId, beforeSeq, limit] })
  return rows.map(trackOf)
}
