// The index by which expired sessions are found holds those that have not ended, the only ones that are deleted for their age.
// Ended ones are kept for a while: with a long AUTH_ENDED_SESSION_KEEP_S each batch of the clean-up read past all of them.
import type { Knex } from 'knex'

export const config = { transaction: false }

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_unended_absolute_expires_at
    ON auth.sessions (absolute_expires_at) WHERE ended_at IS NULL`)
}
