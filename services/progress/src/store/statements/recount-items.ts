// Counts items again from the log, for a reset that cut into what was counted. Reads the events of those items after the
// reset and nothing else (events_item_idx); it is the latest, so there is none among them. The rules are those of `countEvent`; a property test holds the two together.
import { numberArray, plainArray, textArray, type Queryable } from '@cairn/postgres'
import type { Counted } from '../../domain/item.ts'
import type { UserItemKey } from './read-items.ts'

export interface Recount extends UserItemKey {
  readonly resetAtMs: number
}

interface RecountRow {
  readonly percent: number | null
  readonly best_score: number | null
  readonly points: number
  readonly duration_ms: number
  readonly event_count: number
  readonly first_ms: number | null
  readonly last_ms: number | null
  readonly completed_ms: number | null
}

const statement = {
  name: 'recount-items',
  text: `SELECT counted.*
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::float8[])
      WITH ORDINALITY AS wanted (user_id, track_id, item_id, reset_ms, place)
    CROSS JOIN LATERAL (
      SELECT
        CASE WHEN bool_or(e.kind = 'completed') THEN 100 ELSE max(e.percent) END AS percent,
        max(e.score) AS best_score,
        coalesce(sum(e.points), 0)::bigint AS points,
        coalesce(sum(e.duration_ms), 0)::bigint AS duration_ms,
        count(*) AS event_count,
        round(date_part('epoch', min(e.occurred_at)) * 1000) AS first_ms,
        round(date_part('epoch', max(e.occurred_at)) * 1000) AS last_ms,
        round(date_part('epoch', min(e.occurred_at) FILTER (WHERE e.kind = 'completed')) * 1000) AS completed_ms
      FROM progress.events AS e
      WHERE e.user_id = wanted.user_id
        AND e.track_id = wanted.track_id COLLATE "C" AND e.item_id = wanted.item_id COLLATE "C"
        AND e.occurred_at > to_timestamp(wanted.reset_ms / 1000)
    ) AS counted
    ORDER BY wanted.place`,
}

/** One answer per item, in the order asked. */
export const recountItems = async (client: Queryable, items: readonly Recount[]): Promise<readonly Counted[]> => {
  const { rows } = await client.query<RecountRow>({
    ...statement,
    values: [
      plainArray(items.map(item => item.userId)),
      textArray(items.map(item => item.trackId)),
      textArray(items.map(item => item.itemId)),
      numberArray(items.map(item => item.resetAtMs)),
    ],
  })
  return rows.map(row => ({
    percent: row.percent ?? 0,
    bestScore: row.best_score,
    points: row.points,
    durationMs: row.duration_ms,
    eventCount: row.event_count,
    firstAtMs: row.first_ms,
    lastAtMs: row.last_ms,
    completedAtMs: row.completed_ms,
  }))
}
