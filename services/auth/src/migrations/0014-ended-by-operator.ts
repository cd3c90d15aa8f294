// An operator may end a user's sessions: `npm run account -- sign-out <user id>`.
import type { Knex } from 'knex'

export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`ALTER TYPE auth.session_end_reason ADD VALUE IF NOT EXISTS 'ended_by_operator'`)
}
