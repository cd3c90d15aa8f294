// Appends to the logs: all events of a group in one statement.
import { numberArray, plainArray, textArray, type Queryable } from '@cairn/postgres'
import type { AppliedEvent } from '../../domain/progress-event.ts'

export interface NewEvent {
  readonly userId: string
  readonly event: AppliedEvent
}

const statement = {
  name: 'insert-events',
  text: `INSERT INTO progress.events (user_id, seq, event_id, track_id, item_id, kind, occurred_at, offset_minutes,
      percent, score, points, duration_ms, received_at)
    SELECT user_id, seq, event_id, track_id, item_id, kind::progress.event_kind, to_timestamp(occurred_ms / 1000),
      offset_minutes, percent, score, points, duration_ms, to_timestamp(received_ms / 1000)
    FROM (
      SELECT unnest($1::uuid[]) AS user_id, unnest($2::bigint[]) AS seq, unnest($3::uuid[]) AS event_id,
        unnest($4::text[]) AS track_id, unnest($5::text[]) AS item_id, unnest($6::text[]) AS kind,
        unnest($7::float8[]) AS occurred_ms, unnest($8::smallint[]) AS offset_minutes, unnest($9::float8[]) AS percent,
        unnest($10::float8[]) AS score, unnest($11::integer[]) AS points, unnest($12::bigint[]) AS duration_ms,
        unnest($13::float8[]) AS received_ms
    ) AS new`,
}

export const insertEvents = async (client: Queryable, rows: readonly NewEvent[]): Promise<void> => {
  await client.query({
    ...statement,
    values: [
      plainArray(rows.map(row => row.userId)),
      numberArray(rows.map(row => row.event.seq)),
      plainArray(rows.map(row => row.event.eventId)),
      textArray(rows.map(row => row.event.trackId)),
      textArray(rows.map(row => row.event.itemId)),
      plainArray(rows.map(row => row.event.kind)),
      numberArray(rows.map(row => row.event.occurredAtMs)),
      numberArray(rows.map(row => row.event.offsetMinutes)),
      numberArray(rows.map(row => row.event.percent)),
      numberArray(rows.map(row => row.event.score)),
      numberArray(rows.map(row => row.event.points)),
      numberArray(rows.map(row => row.event.durationMs)),
      numberArray(rows.map(row => row.event.receivedAtMs)),
    ],
  })
}
