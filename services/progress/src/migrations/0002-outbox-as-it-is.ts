// Payloads of the outbox are stored as they are: a page of a big batch is written once, read once and deleted, and to compress
// and uncompress it was the dearest part of that.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw('ALTER TABLE progress.outbox ALTER COLUMN payload SET STORAGE EXTERNAL')
}
