// Which of these event ids are in the log already, with what they say: one index look-up each.
import { plainArray, type Queryable } from '@cairn/postgres'
import type { AppliedEvent } from '../../domain/progress-event.ts'
import { eventColumns, eventOf, type EventRow } from '../event-row.ts'

export interface WantedEvent {
  readonly userId: string
  readonly eventId: string
}

export interface KnownEvent {
  readonly userId: string
  readonly event: AppliedEvent
}

const statement = {
  name: 'read-known-events',
  text: `SELECT e.user_id, ${eventColumns}
    FROM (SELECT unnest($1::uuid[]) AS user_id, unnest($2::uuid[]) AS event_id) AS wanted
    JOIN progress.events AS e USING (user_id, event_id)`,
}

export const readKnownEvents = async (
  client: Queryable,
  wanted: readonly WantedEvent[],
): Promise<readonly KnownEvent[]> => {
  const { rows } = await client.query<EventRow & { user_id: string }>({
    ...statement,
    values: [plainArray(wanted.map(one => one.userId)), plainArray(wanted.map(one => one.eventId))],
  })
  return rows.map(row => ({ userId: row.user_id, event: eventOf(row) }))
}
