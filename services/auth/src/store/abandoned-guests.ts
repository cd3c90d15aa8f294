// Guests who have no session any more, and had their last chance of one long ago: nobody can sign in as them again.
import type { GuestCursor } from '@cairn/contracts'
import type { Queryable } from './queryable.ts'

interface Guest {
  readonly id: string
  readonly created_at: string
  readonly abandoned: boolean
}

const abandoned = `NOT EXISTS (SELECT FROM auth.sessions s WHERE s.user_id = g.id)`

/** Looks at `limit` guests by age, however many of them are abandoned, so that it always comes forward. LIMIT 1 keeps it to the index. */
const find = {
  name: 'find-abandoned-guests',
  text: `SELECT g.id, g.created_at::text AS created_at, own.found IS NULL AS abandoned
    FROM (
      SELECT id, created_at FROM auth.users
      WHERE is_guest AND created_at <= now() - make_interval(secs => $2) AND (created_at, id) > ($3::timestamptz, $4::uuid)
      ORDER BY created_at, id LIMIT $1
    ) AS g LEFT JOIN LATERAL (SELECT true AS found FROM auth.sessions s WHERE s.user_id = g.id LIMIT 1) AS own ON true
    ORDER BY g.created_at, g.id`,
}
const check = {
  name: 'is-abandoned-guest',
  text: `SELECT 1 FROM auth.users g
    WHERE g.id = $1 AND g.is_guest AND g.created_at <= now() - make_interval(secs => $2) AND ${abandoned}`,
}

const beginning: GuestCursor = { created_at: '-infinity', id: '00000000-0000-0000-0000-000000000000' }

/** `next` is null when these were the last. */
export const findAbandonedGuests = async (
  database: Queryable,
  { limit, keepSeconds, after = beginning }: { limit: number; keepSeconds: number; after: GuestCursor | undefined },
): Promise<{ userIds: string[]; next: GuestCursor | null }> => {
  const values = [limit, keepSeconds, after.created_at, after.id]
  const { rows } = await database.query<Guest>({ ...find, values })
  const last = rows.length === limit ? rows.at(-1) : undefined
  return {
    userIds: rows.filter(guest => guest.abandoned).map(guest => guest.id),
    next: last === undefined ? null : { created_at: last.created_at, id: last.id },
  }
}

/** The user has to be locked. */
export const isAbandonedGuest = async (database: Queryable, userId: string, keepSeconds: number): Promise<boolean> =>
  (await database.query({ ...check, values: [userId, keepSeconds] })).rowCount === 1
