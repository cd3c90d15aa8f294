// Puts events into the outbox, to be published once the transaction is committed. Their order is the order of ids.
import type { Queryable } from './queryable.ts'

export interface OutboxEvent {
  readonly subject: string
  readonly payload: object
}

const statement = {
  name: 'fill-outbox',
  text: `INSERT INTO auth.outbox (subject, message_id, payload)
    SELECT subject, gen_random_uuid()::text, payload
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS new (subject, payload, place) ORDER BY place`,
}

export const fillOutbox = async (database: Queryable, events: readonly OutboxEvent[]): Promise<void> => {
  const payloads = events.map(event => JSON.stringify(event.payload))
  await database.query({ ...statement, values: [events.map(event => event.subject), payloads] })
}
