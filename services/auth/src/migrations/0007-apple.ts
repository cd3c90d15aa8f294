// What comes from Apple beside identities: notifications seen, by the hash of their id, and what an authorization code gave.
// A user has one grant for each client id. Code and token are sealed; a code counts for five minutes and is then of no use.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    CREATE TABLE auth.apple_notifications (
      id_hash bytea PRIMARY KEY,
      received_at timestamptz NOT NULL DEFAULT now()
    )`)
  await knex.raw('CREATE INDEX apple_notifications_received_at ON auth.apple_notifications (received_at)')
  await knex.raw(`
    CREATE TABLE auth.apple_grants (
      user_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
      client_id text NOT NULL,
      code_sealed bytea,
      code_expires_at timestamptz,
      attempts integer NOT NULL DEFAULT 0,
      next_attempt_at timestamptz,
      refresh_token_sealed bytea,
      granted_at timestamptz,
      PRIMARY KEY (user_id, client_id),
      CONSTRAINT apple_grants_code_is_whole CHECK (num_nulls(code_sealed, code_expires_at, next_attempt_at) IN (0, 3)),
      CONSTRAINT apple_grants_token_is_whole CHECK (num_nulls(refresh_token_sealed, granted_at) IN (0, 2))
    )`)
  await knex.raw(
    'CREATE INDEX apple_grants_next_attempt_at ON auth.apple_grants (next_attempt_at) WHERE code_sealed IS NOT NULL',
  )
  await knex.raw(
    'CREATE INDEX apple_grants_code_expires_at ON auth.apple_grants (code_expires_at) WHERE code_sealed IS NOT NULL',
  )
}
