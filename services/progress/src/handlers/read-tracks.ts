// The caller's tracks, last touched first, page by page.
import type { Call } from '@cairn/bus'
import { CairnError, type ReadTracks, type TrackList } from '@cairn/contracts'
import type { ProgressContext } from '../context.ts'
import { parseTrackCursor, trackCursor } from '../domain/cursor.ts'
import { pageLimit, pageOf } from '../domain/page-of.ts'
import { presentTrack } from '../domain/track.ts'
import { readLatestTracks } from '../store/statements/read-latest-tracks.ts'
import { callerIdOf } from './caller-of.ts'

/** Throws `invalid_request` for a cursor that was never given out. */
export const readTracks =
  (context: ProgressContext) =>
  async ({ limit: asked, cursor }: ReadTracks, call: Call): Promise<TrackList> => {
    const userId = callerIdOf(call)
    const beforeSeq = cursor === undefined ? Number.MAX_SAFE_INTEGER : parseTrackCursor(cursor)
    if (beforeSeq === undefined) {
      throw new CairnError('invalid_request', { errors: [{ path: '/cursor', message: 'is not a cursor of tracks' }] })
    }
    const limit = pageLimit(asked)
    const found = await readLatestTracks(context.pool, { userId, beforeSeq, limit: limit + 1 })
    const { entries, nextCursor } = pageOf(found, limit, track => trackCursor(track.lastSeq))
    return { tracks: entries.map(presentTrack), next_cursor: nextCursor }
  }
