// Puts messages into the outbox, to be published once the transaction is committed. Their order is the order of ids.
import type { CommittedMessage } from '@cairn/bus'
import { plainArray } from '@cairn/postgres'
import type pg from 'pg'

export type NewMessage = Omit<CommittedMessage, 'id'>

/**
 * Between payloads, which are JSON: there it can only stand escaped. As an array each of their many quotes would be escaped.
 * A header cannot have it either.
 */
const separator = '\u001e'

const statement = {
  name: 'fill-outbox',
  text: `INSERT INTO progress.outbox (subject, message_id, payload, origin)
    SELECT subject, message_id, payload, nullif(origin, '')
    FROM unnest($1::text[], $2::text[], string_to_array($3::text, U&'\\001e'), string_to_array($4::text, U&'\\001e'))
      WITH ORDINALITY AS new (subject, message_id, payload, origin, place)
    ORDER BY place
    RETURNING id::float8 AS id`,
}

/** Resolves with the messages as they are stored, in order. */
export const fillOutbox = async (
  client: pg.ClientBase,
  messages: readonly NewMessage[],
): Promise<readonly CommittedMessage[]> => {
  const { rows } = await client.query<{ id: number }>({
    ...statement,
    values: [
      plainArray(messages.map(message => message.subject)),
      plainArray(messages.map(message => message.message_id)),
      messages.map(message => message.payload).join(separator),
      messages.map(message => message.origin ?? '').join(separator),
    ],
  })
  return messages.map((message, index) => ({ ...message, id: (rows[index] as { id: number }).id }))
}
