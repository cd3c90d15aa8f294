// Everything that is derived from one user's log, as it is stored: for comparing it with the log itself.
import type pg from 'pg'
import { parseDay, type DayActivity } from '../../domain/day.ts'
import type { ItemState } from '../../domain/item.ts'
import type { TrackState } from '../../domain/track.ts'
import { itemColumns, itemOf, type ItemRow } from '../item-row.ts'
import { trackColumns, trackOf, type TrackRow } from '../track-row.ts'

export interface StoredProjections {
  readonly items: readonly ItemState[]
  readonly tracks: readonly TrackState[]
  readonly days: readonly DayActivity[]
}

interface DayRow {
  readonly day: string
  readonly events: number
  readonly points: number
  readonly duration_ms: number
}

export const readProjections = async (client: pg.ClientBase, userId: string): Promise<StoredProjections> => {
  const of = async <Row extends pg.QueryResultRow>(text: string): Promise<Row[]> =>
    (await client.query<Row>(text, [userId])).rows
  const items = await of<ItemRow>(`SELECT ${itemColumns} FROM progress.items AS i WHERE i.user_id = $1`)
  const tracks = await of<TrackRow>(`SELECT ${trackColumns} FROM progress.tracks AS t WHERE t.user_id = $1`)
  const days = await of<DayRow>('SELECT day, events, points, duration_ms FROM progress.days WHERE user_id = $1')
  return {
    items: items.map(itemOf),
    tracks: tracks.map(trackOf),
    days: days.map(row => ({
      day: parseDay(row.day),
      events: row.events,
      points: row.points,
      durationMs: row.duration_ms,
    })),
  }
}
