// Nonces handed out for sign-in, as hashes. Deleted by the sign-in that uses them.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw('CREATE TABLE auth.nonces (hash bytea PRIMARY KEY, expires_at timestamptz NOT NULL)')
  await knex.raw('CREATE INDEX nonces_expires_at ON auth.nonces (expires_at)')
}
