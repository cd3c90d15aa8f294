// An account may be deleted while its authorization code still waits for Apple: the code is then exchanged only so that what
// it grants can be revoked.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    ALTER TABLE auth.apple_revocations
      ALTER COLUMN token_sealed DROP NOT NULL,
      ADD COLUMN code_sealed bytea,
      ADD CONSTRAINT apple_revocations_one_secret CHECK (num_nonnulls(token_sealed, code_sealed) = 1)`)
}
