// Puts messages into the outbox, to be published once the transaction is committed. Their order is the order of ids.
import type pg from 'pg'

export interface OutboxMessage {
  readonly subject: string
  readonly messageId: string
  readonly payload: string
}

const statement = {
  name: 'fill-outbox',
  text: `INSERT INTO progress.outbox (subject, message_id, payload)
    SELECT subject, message_id, payload
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS new (subject, message_id, payload, place)
    ORDER BY place`,
}

export const fillOutbox = async (client: pg.ClientBase, messages: readonly OutboxMessage[]): Promise<void> => {
  await client.query({
    ...statement,
    values: [
      messages.map(message => message.subject),
      messages.map(message => message.messageId),
      messages.map(message => message.payload),
    ],
  })
}
