// What deleted accounts had granted at Apple, until it is revoked there. It names no user.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    CREATE TABLE auth.apple_revocations (
      id uuid PRIMARY KEY,
      client_id text NOT NULL,
      token_sealed bytea NOT NULL,
      attempts integer NOT NULL DEFAULT 0,
      next_attempt_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL
    )`)
  await knex.raw('CREATE INDEX apple_revocations_next_attempt_at ON auth.apple_revocations (next_attempt_at)')
  await knex.raw('CREATE INDEX apple_revocations_expires_at ON auth.apple_revocations (expires_at)')
}
