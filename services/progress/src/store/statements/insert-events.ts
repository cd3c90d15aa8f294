// Appends to the logs: all events of a group in one statement.
import { numberArray, plainArray } from '@cairn/postgres'
import type pg from 'pg'
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
    FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::smallint[],
      $9::float8[], $10::float8[], $11::integer[], $12::bigint[], $13::float8[])
      AS new (user_id, seq, event_id, track_id, item_id, kind, occurred_ms, offset_minutes,
        percent, score, points, duration_ms, received_ms)`,
}

export const insertEvents = async (client: pg.ClientBase, rows: readonly NewEvent[]): Promise<void> => {
  await client.query({
    ...statement,
    values: [
      plainArray(rows.map(row => row.userId)),
      numberArray(rows.map(row => row.event.seq)),
      plainArray(rows.map(row => row.event.eventId)),
      rows.map(row => row.event.trackId),
      rows.map(row => row.event.itemId),
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
