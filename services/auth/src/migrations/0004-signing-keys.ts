// Keys that sign access tokens, private parts sealed with a key from the environment. A key goes from standby (published,
// not yet used) to current to previous (still verified) to revoked.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    CREATE TABLE auth.signing_keys (
      kid text PRIMARY KEY,
      state text NOT NULL CHECK (state IN ('standby', 'current', 'previous', 'revoked')),
      private_key_sealed bytea NOT NULL,
      public_key jsonb NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      state_changed_at timestamptz NOT NULL DEFAULT now()
    )`)
  await knex.raw(`CREATE UNIQUE INDEX signing_keys_one_current ON auth.signing_keys (state) WHERE state = 'current'`)
}
