// One row per session, however often it is refreshed. No index holds a column that a refresh changes and pages keep room,
// so that every refresh is a heap-only update: no index grows.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  // `repeats` counts answers to the previous token in this generation. `successor_sealed` is the current token, sealed
  // with a key derived from the previous one: the table alone gives nobody a token.
  await knex.raw(`
    CREATE TABLE auth.sessions (
      id uuid PRIMARY KEY,
      user_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
      generation integer NOT NULL,
      current_hash bytea NOT NULL,
      previous_hash bytea,
      successor_sealed bytea,
      rotated_at timestamptz NOT NULL,
      repeats integer NOT NULL DEFAULT 0,
      device_id text,
      device_name text,
      device_platform text,
      created_at timestamptz NOT NULL,
      last_seen_at timestamptz NOT NULL,
      idle_expires_at timestamptz NOT NULL,
      absolute_expires_at timestamptz NOT NULL,
      ended_at timestamptz,
      end_reason text
    ) WITH (fillfactor = 80)`)
  await knex.raw('CREATE INDEX sessions_user_id ON auth.sessions (user_id)')
  await knex.raw('CREATE INDEX sessions_absolute_expires_at ON auth.sessions (absolute_expires_at)')
  await knex.raw('CREATE INDEX sessions_ended_at ON auth.sessions (ended_at) WHERE ended_at IS NOT NULL')
}
