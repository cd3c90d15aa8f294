// The rows of this schema's tables, written from the database by `npm run check -- --write`: a migration changes them, nobody
// else does.

export type EventKind = 'started' | 'advanced' | 'completed' | 'practiced' | 'reset'

export type ItemStatus = 'not_started' | 'in_progress' | 'completed'

export interface DaysRow {
  readonly user_id: string
  readonly day: string
  readonly events: number
  readonly points: number
  readonly duration_ms: number
}

export interface EpochRow {
  readonly is_current: boolean
  readonly epoch: string
  readonly began_at: Date
}

export interface EventsRow {
  readonly user_id: string
  readonly seq: number
  readonly event_id: string
  readonly track_id: string
  readonly item_id: string
  readonly kind: EventKind
  readonly occurred_at: Date
  readonly offset_minutes: number
  readonly percent: number | null
  readonly score: number | null
  readonly points: number | null
  readonly duration_ms: number | null
  readonly received_at: Date
}

export interface HeadsRow {
  readonly user_id: string
  readonly seq: number
  readonly tracks: number
  readonly items: number
  readonly completed_items: number
  readonly points: number
  readonly duration_ms: number
  readonly event_count: number
  readonly active_days: number
  readonly longest_run: number
  readonly last_run: number
  readonly last_day: string | null
  readonly latest_active_at: Date | null
  readonly latest_active_offset_minutes: number | null
  readonly corrected_at: Date | null
}

export interface ItemsRow {
  readonly user_id: string
  readonly track_id: string
  readonly item_id: string
  readonly reset_at: Date | null
  readonly status: ItemStatus
  readonly percent: number
  readonly best_score: number | null
  readonly points: number
  readonly duration_ms: number
  readonly event_count: number
  readonly first_at: Date | null
  readonly last_at: Date | null
  readonly completed_at: Date | null
}

export interface OutboxRow {
  readonly id: number
  readonly subject: string
  readonly message_id: string
  readonly payload: string
  readonly created_at: Date
  readonly origin: string | null
}

export interface TracksRow {
  readonly user_id: string
  readonly track_id: string
  readonly items: number
  readonly completed_items: number
  readonly points: number
  readonly duration_ms: number
  readonly event_count: number
  readonly last_at: Date | null
  readonly last_seq: number
}
