// Users and the identities they sign in with. An identity is (issuer, team, subject); e-mail addresses link nothing.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    CREATE TABLE auth.users (
      id uuid PRIMARY KEY,
      is_guest boolean NOT NULL,
      display_name text,
      email text,
      email_verified boolean NOT NULL DEFAULT false,
      created_at timestamptz NOT NULL DEFAULT now()
    )`)
  // Deferred, so that a sign-in can claim the identity first: the one that loses then leaves no user behind.
  await knex.raw(`
    CREATE TABLE auth.identities (
      issuer text NOT NULL,
      team_id text NOT NULL,
      subject text NOT NULL,
      user_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (issuer, team_id, subject)
    )`)
  await knex.raw('CREATE INDEX identities_user_id ON auth.identities (user_id)')
}
