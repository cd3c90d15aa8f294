// Events that must reach others even if this process dies between the commit and the publishing of them.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    CREATE TABLE auth.outbox (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      subject text NOT NULL,
      message_id text NOT NULL,
      payload text NOT NULL
    )`)
}
