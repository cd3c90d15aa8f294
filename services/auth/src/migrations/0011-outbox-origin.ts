// What is published belongs to the trace of the request that wrote it, whichever instance publishes it.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw('ALTER TABLE auth.outbox ADD COLUMN origin text')
}
