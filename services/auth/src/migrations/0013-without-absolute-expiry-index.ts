// The one before `sessions_unended_absolute_expires_at`, gone once that is there.
import type { Knex } from 'knex'

export const config = { transaction: false }

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS auth.sessions_absolute_expires_at')
}
