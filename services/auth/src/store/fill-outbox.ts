// Puts events into the outbox, to be published once the transaction is committed. Their order is the order of ids.
import { randomUUID } from 'node:crypto'
import type { OutboxMessage } from '@cairn/bus'
import type { Queryable } from './queryable.ts'

export interface OutboxEvent {
  readonly subject: string
  readonly payload: object
}

const statement = {
  name: 'fill-outbox',
  text: `INSERT INTO auth.outbox (subject, message_id, payload)
    SELECT subject, message_id, payload
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS new (subject, message_id, payload, place)
    ORDER BY place`,
}

/** Resolves with what was written, each with the id by which it is known wherever it is sent. */
export const fillOutbox = async (
  database: Queryable,
  events: readonly OutboxEvent[],
): Promise<readonly OutboxMessage[]> => {
  const messages = events.map(({ subject, payload }) => ({
    subject,
    message_id: randomUUID(),
    payload: JSON.stringify(payload),
  }))
  const columns = [messages.map(one => one.subject), messages.map(one => one.message_id)]
  await database.query({ ...statement, values: [...columns, messages.map(one => one.payload)] })
  return messages
}
