// Stores what is known of these logs as a whole. Their rows exist and are locked.
import { numberArray, plainArray } from '@cairn/postgres'
import type pg from 'pg'
import { formatDay } from '../../domain/day.ts'
import type { LogState } from '../../domain/log-state.ts'

const statement = {
  name: 'write-heads',
  text: `UPDATE progress.heads AS h SET
      seq = new.seq, tracks = new.tracks, items = new.items, completed_items = new.completed_items,
      points = new.points, duration_ms = new.duration_ms, event_count = new.event_count,
      active_days = new.active_days, longest_run = new.longest_run, last_run = new.last_run, last_day = new.last_day,
      latest_active_at = to_timestamp(new.latest_active_ms / 1000),
      latest_active_offset_minutes = new.latest_active_offset_minutes
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
      $8::bigint[], $9::integer[], $10::integer[], $11::integer[], $12::date[], $13::float8[], $14::smallint[])
      AS new (user_id, seq, tracks, items, completed_items, points, duration_ms, event_count,
        active_days, longest_run, last_run, last_day, latest_active_ms, latest_active_offset_minutes)
    WHERE h.user_id = new.user_id`,
}

export const writeHeads = async (
  client: pg.ClientBase,
  rows: readonly { userId: string; state: LogState }[],
): Promise<void> => {
  const totals = rows.map(row => row.state.totals)
  const streaks = rows.map(row => row.state.streak)
  await client.query({
    ...statement,
    values: [
      plainArray(rows.map(row => row.userId)),
      numberArray(rows.map(row => row.state.seq)),
      numberArray(totals.map(sums => sums.tracks)),
      numberArray(totals.map(sums => sums.items)),
      numberArray(totals.map(sums => sums.completedItems)),
      numberArray(totals.map(sums => sums.points)),
      numberArray(totals.map(sums => sums.durationMs)),
      numberArray(totals.map(sums => sums.eventCount)),
      numberArray(streaks.map(streak => streak.activeDays)),
      numberArray(streaks.map(streak => streak.longestRun)),
      numberArray(streaks.map(streak => streak.lastRun)),
      streaks.map(streak => (streak.lastDay === null ? null : formatDay(streak.lastDay))),
      numberArray(streaks.map(streak => streak.latestActive?.occurredAtMs ?? null)),
      numberArray(streaks.map(streak => streak.latestActive?.offsetMinutes ?? null)),
    ],
  })
}
