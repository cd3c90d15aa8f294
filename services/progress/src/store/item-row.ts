// A row of progress.items, to and from the rules' state of an item.
import type { ItemsRow } from '../generated/rows.ts'
import type { ItemState } from '../domain/item.ts'

export interface ItemRow extends Omit<ItemsRow, 'status' | 'reset_at' | 'first_at' | 'last_at' | 'completed_at'> {
  readonly reset_ms: number | null
  readonly first_ms: number | null
  readonly last_ms: number | null
  readonly completed_ms: number | null
}

/** To be selected from `progress.items AS i`. */
export const itemColumns = `i.user_id, i.track_id, i.item_id,
  round(date_part('epoch', i.reset_at) * 1000) AS reset_ms,
  i.percent, i.best_score, i.points, i.duration_ms, i.event_count,
  round(date_part('epoch', i.first_at) * 1000) AS first_ms,
  round(date_part('epoch', i.last_at) * 1000) AS last_ms,
  round(date_part('epoch', i.completed_at) * 1000) AS completed_ms`

export const itemOf = (row: ItemRow): ItemState => ({
  trackId: row.track_id,
  itemId: row.item_id,
  resetAtMs: row.reset_ms,
  percent: row.percent,
  bestScore: row.best_score,
  points: row.points,
  durationMs: row.duration_ms,
  eventCount: row.event_count,
  firstAtMs: row.first_ms,
  lastAtMs: row.last_ms,
  completedAtMs: row.completed_ms,
})
