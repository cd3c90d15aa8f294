// Puts messages into the outbox, to be published once the transaction is committed. Their order is the order of ids.
import type { CommittedMessage } from '@cairn/bus'
import { plainArray, type Queryable } from '@cairn/postgres'

export type NewMessage = Omit<CommittedMessage, 'id'>

/**
 * Between payloads, which are JSON: there it can only stand escaped. As an array each of their many quotes would be escaped.
 * No origin has it either (trace-context.ts).
 */
const separator = '\u001e'

const statement = {
  name: 'fill-outbox',
  text: `INSERT INTO progress.outbox (subject, message_id, payload, origin)
    SELECT subject, message_id, payload, nullif(origin, '')
    FROM (
      SELECT unnest($1::text[]) AS subject, unnest($2::text[]) AS message_id,
        unnest(string_to_array($3::text, U&'\\001e')) AS payload, unnest(string_to_array($4::text, U&'\\001e')) AS origin
    ) AS new
    RETURNING id::float8 AS id`,
}

/** Resolves with the messages as they are stored, in order. */
export const fillOutbox = async (
  client: Queryable,
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
