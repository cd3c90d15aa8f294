// Puts events into the outbox, to be published once the transaction is committed. Their order is the order of ids.
import { randomUUID } from 'node:crypto'
import type { OutboxMessage } from '@cairn/bus'
import { currentRequest, originOf } from '@cairn/runtime'
import type { Queryable } from './queryable.ts'

export interface OutboxEvent {
  readonly subject: string
  readonly payload: object
}

const statement = {
  name: 'fill-outbox',
  text: `INSERT INTO auth.outbox (subject, message_id, payload, origin)
    SELECT subject, message_id, payload, $4
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS new (subject, message_id, payload, place)
    ORDER BY place`,
}

/** As part of the current request. Resolves with what was written, each with the id by which it is known wherever it is sent. */
export const fillOutbox = async (
  database: Queryable,
  events: readonly OutboxEvent[],
): Promise<readonly OutboxMessage[]> => {
  const request = currentRequest()
  const origin = request === undefined ? null : originOf(request)
  const messages = events.map(({ subject, payload }) => ({
    subject,
    message_id: randomUUID(),
    payload: JSON.stringify(payload),
    origin,
  }))
  const columns = [messages.map(one => one.subject), messages.map(one => one.message_id)]
  await database.query({ ...statement, values: [...columns, messages.map(one => one.payload), origin] })
  return messages
}
