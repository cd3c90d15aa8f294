// A row of progress.heads together with the epoch, to the rules' state of a log.
import { parseDay } from '../domain/day.ts'
import type { HeadsRow } from '../generated/rows.ts'
import type { LogState } from '../domain/log-state.ts'

export interface HeadRow extends Omit<HeadsRow, 'latest_active_at' | 'corrected_at'> {
  readonly epoch: string
  readonly latest_active_ms: number | null
}

/**
 * To be selected from `progress.heads AS h` and `progress.epoch AS e`. A state that has been put right belongs to another epoch
 * than the wrong one: whoever knows that one begins again.
 */
export const headColumns = `h.user_id,
  e.epoch || coalesce('.' || (date_part('epoch', h.corrected_at) * 1000)::bigint, '') AS epoch, h.seq, h.tracks, h.items, h.completed_items, h.points, h.duration_ms,
  h.event_count, h.active_days, h.longest_run, h.last_run, h.last_day,
  round(date_part('epoch', h.latest_active_at) * 1000) AS latest_active_ms, h.latest_active_offset_minutes`

export const logStateOf = (row: HeadRow): LogState => ({
  epoch: row.epoch,
  seq: row.seq,
  totals: {
    tracks: row.tracks,
    items: row.items,
    completedItems: row.completed_items,
    points: row.points,
    durationMs: row.duration_ms,
    eventCount: row.event_count,
  },
  streak: {
    activeDays: row.active_days,
    longestRun: row.longest_run,
    lastRun: row.last_run,
    lastDay: row.last_day === null ? null : parseDay(row.last_day),
    latestActive:
      row.latest_active_ms === null || row.latest_active_offset_minutes === null
        ? null
        : { occurredAtMs: row.latest_active_ms, offsetMinutes: row.latest_active_offset_minutes },
  },
})
