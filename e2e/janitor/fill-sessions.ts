// Sessions by SQL, as many as wanted and as old as wanted, one user each.
import type pg from 'pg'

export interface Fill {
  readonly count: number
  /** SQL for the columns' values, e.g. `now() - interval '1 hour'`. */
  readonly absoluteExpiresAt?: string
  readonly idleExpiresAt?: string
  readonly endedAt?: string
}

export const fillSessions = async (
  database: pg.Pool,
  {
    count,
    absoluteExpiresAt = `now() + interval '300 days'`,
    idleExpiresAt = `now() + interval '30 days'`,
    endedAt = 'NULL',
  }: Fill,
): Promise<void> => {
  await database.query(
    `WITH people AS (
      INSERT INTO auth.users (id, is_guest) SELECT gen_random_uuid(), true FROM generate_series(1, $1::int) RETURNING id
    )
    INSERT INTO auth.sessions (id, user_id, generation, current_hash, rotated_at, created_at, last_seen_at,
      idle_expires_at, absolute_expires_at, ended_at, end_reason)
    SELECT gen_random_uuid(), id, 0, sha256(id::text::bytea), now(), now(), now(), ${idleExpiresAt}, ${absoluteExpiresAt},
      ${endedAt}, CASE WHEN ${endedAt} IS NULL THEN NULL ELSE 'logged_out'::auth.session_end_reason END
    FROM people`,
    [count],
  )
}

export const countSessions = async (database: pg.Pool, where = 'true'): Promise<number> => {
  const { rows } = await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM auth.sessions WHERE ${where}`)
  return rows[0]?.n ?? 0
}
