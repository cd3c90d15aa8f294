// Who was signed out everywhere, for as long as access tokens may live; it outlives the user, so nothing refers to one.
// `not_after` is a second since 1970: tokens issued up to it are dead. A session begun within that second has tokens from
// the next one on: `tokens_from`. Ended sessions and signed-out users are read page by page, hence the two-column indexes.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    CREATE TABLE auth.denied_users (
      user_id uuid PRIMARY KEY,
      not_after bigint NOT NULL,
      denied_at timestamptz NOT NULL
    )`)
  await knex.raw('CREATE INDEX denied_users_denied_at ON auth.denied_users (denied_at, user_id)')
  await knex.raw('ALTER TABLE auth.sessions ADD COLUMN tokens_from bigint NOT NULL DEFAULT 0')
  await knex.raw('CREATE INDEX sessions_ended ON auth.sessions (ended_at, id) WHERE ended_at IS NOT NULL')
  await knex.raw('DROP INDEX auth.sessions_ended_at')
  // A queue: filled and emptied all the time, so it is vacuumed by rows, not by its share of dead ones.
  await knex.raw('ALTER TABLE auth.outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)')
}
