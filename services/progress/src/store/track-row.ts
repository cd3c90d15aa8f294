// A row of progress.tracks, to and from the rules' state of a track.
import type { TrackState } from '../domain/track.ts'
import type { TracksRow } from '../generated/rows.ts'

export interface TrackRow extends Omit<TracksRow, 'last_at'> {
  readonly last_ms: number | null
}

/** To be selected from `progress.tracks AS t`. */
export const trackColumns = `t.user_id, t.track_id, t.items, t.completed_items, t.points, t.duration_ms, t.event_count,
  round(date_part('epoch', t.last_at) * 1000) AS last_ms, t.last_seq`

export const trackOf = (row: TrackRow): TrackState => ({
  trackId: row.track_id,
  items: row.items,
  completedItems: row.completed_items,
  points: row.points,
  durationMs: row.duration_ms,
  eventCount: row.event_count,
  lastAtMs: row.last_ms,
  lastSeq: row.last_seq,
})
