// The one before `tracks_latest_idx`, gone once that is there.
import type { Knex } from 'knex'

export const config = { transaction: false }

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS progress.tracks_last_seq_idx')
}
