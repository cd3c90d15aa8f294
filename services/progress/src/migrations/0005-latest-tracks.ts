// The index by which tracks are listed, latest first, is for that alone. It could also serve "the track of this id", by
// reading all tracks of the user, and where most users have one the planner saw no difference to the key. Only a query that
// says `last_seq > 0`, which always holds, can use a partial one.
import type { Knex } from 'knex'

export const config = { transaction: false }

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS tracks_latest_idx
    ON progress.tracks (user_id, last_seq DESC) WHERE last_seq > 0`)
}
