// Stores what is known of these logs as a whole. Their rows exist and are locked.
import { numberArray, plainArray, type Queryable } from '@cairn/postgres'
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
    FROM (
      SELECT unnest($1::uuid[]) AS user_id, unnest($2::bigint[]) AS seq, unnest($3::bigint[]) AS tracks,
        unnest($4::bigint[]) AS items, unnest($5::bigint[]) AS completed_items, unnest($6::bigint[]) AS points,
        unnest($7::bigint[]) AS duration_ms, unnest($8::bigint[]) AS event_count, unnest($9::integer[]) AS active_days,
        unnest($10::integer[]) AS longest_run, unnest($11::integer[]) AS last_run, unnest($12::date[]) AS last_day,
        unnest($13::float8[]) AS latest_active_ms, unnest($14::smallint[]) AS latest_active_offset_minutes
    ) AS new
    WHERE h.user_id = new.user_id`,
}

export const writeHeads = async (
  client: Queryable,
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
      plainArray(streaks.map(streak => (streak.lastDay === null ? null : formatDay(streak.lastDay)))),
      numberArray(streaks.map(streak => streak.latestActive?.occurredAtMs ?? null)),
      numberArray(streaks.map(streak => streak.latestActive?.offsetMinutes ?? null)),
    ],
  })
}
