// A row of progress.events, to and from the rules' event.
import type { EventsRow } from '../generated/rows.ts'
import type { AppliedEvent } from '../domain/progress-event.ts'

export interface EventRow extends Omit<EventsRow, 'user_id' | 'occurred_at' | 'received_at'> {
  readonly occurred_ms: number
  readonly received_ms: number
}

/** To be selected from `progress.events AS e`. Times as milliseconds: parsing them from text is what would cost. */
export const eventColumns = `e.seq, e.event_id, e.track_id, e.item_id, e.kind,
  round(date_part('epoch', e.occurred_at) * 1000) AS occurred_ms, e.offset_minutes,
  e.percent, e.score, e.points, e.duration_ms,
  round(date_part('epoch', e.received_at) * 1000) AS received_ms`

export const eventOf = (row: EventRow): AppliedEvent => ({
  seq: row.seq,
  eventId: row.event_id,
  trackId: row.track_id,
  itemId: row.item_id,
  kind: row.kind,
  occurredAtMs: row.occurred_ms,
  offsetMinutes: row.offset_minutes,
  percent: row.percent,
  score: row.score,
  points: row.points,
  durationMs: row.duration_ms,
  receivedAtMs: row.received_ms,
})
