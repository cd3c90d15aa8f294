// Where a list of tracks, last touched first, goes on. Opaque to clients. A track touched meanwhile moves to the front and is
// not seen again; the changes since the snapshot's head have it.
import type { TrackState } from './track.ts'

/** The cursor behind the first `limit` of `tracks`, or null when there is nothing more. */
export const trackCursorAfter = (tracks: readonly TrackState[], limit: number): string | null => {
  const last = tracks[limit - 1]
  return last === undefined || tracks.length <= limit
    ? null
    : Buffer.from(`before:${last.lastSeq}`).toString('base64url')
}

/** The `lastSeq` before which the list goes on; undefined for a cursor that was never given out. */
export const parseTrackCursor = (cursor: string): number | undefined => {
  const match = /^before:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString())
  return match === null ? undefined : Number(match[1])
}
