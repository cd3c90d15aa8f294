// One of the caller's tracks and a page of its items, read in one transaction.
import type { Call } from '@cairn/bus'
import { CairnError, type ReadTrack, type TrackPage } from '@cairn/contracts'
import { inSnapshot } from '@cairn/postgres'
import type { ProgressContext } from '../context.ts'
import { itemCursor, parseItemCursor } from '../domain/cursor.ts'
import { presentItem } from '../domain/item.ts'
import { isName } from '../domain/name.ts'
import { pageLimit, pageOf } from '../domain/page-of.ts'
import { presentTrack } from '../domain/track.ts'
import { readItemPage } from '../store/statements/read-item-page.ts'
import { readTracks } from '../store/statements/read-tracks.ts'
import { callerIdOf } from './caller-of.ts'

const unknownTrack = (): CairnError => new CairnError('not_found', { detail: 'There is no such track.' })

/** Throws `not_found` for a track that no event has touched, `invalid_request` for a cursor that was never given out. */
export const readTrack =
  (context: ProgressContext) =>
  async ({ track_id: trackId, limit: asked, cursor }: ReadTrack, call: Call): Promise<TrackPage> => {
    const userId = callerIdOf(call)
    if (!isName(trackId)) throw unknownTrack()
    const itemId = cursor === undefined ? '' : parseItemCursor(cursor)
    if (itemId === undefined) {
      throw new CairnError('invalid_request', { errors: [{ path: '/cursor', message: 'is not a cursor of items' }] })
    }
    const limit = pageLimit(asked)
    const { track, found } = await inSnapshot(context.pool, async client => {
      const [stored] = await readTracks(client, [{ userId, trackId }])
      if (stored === undefined) throw unknownTrack()
      const items = await readItemPage(client, { userId, trackId, itemId, limit: limit + 1 })
      return { track: stored.track, found: items }
    })
    const { entries, nextCursor } = pageOf(found, limit, item => itemCursor(item.itemId))
    return { track: presentTrack(track), items: entries.map(presentItem), next_cursor: nextCursor }
  }
