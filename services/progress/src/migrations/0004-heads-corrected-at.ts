// When a rebuild has last put a user's state right. Phones that have seen what was wrong have to start from a snapshot again,
// though the log is the same.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw('ALTER TABLE progress.heads ADD COLUMN corrected_at timestamptz(3)')
}
