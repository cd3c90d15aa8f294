// What ended lately, page by page, in order of when: sessions and signed-out users. Instants travel as text, since theirs
// are finer than JavaScript's.
import type { Queryable } from './queryable.ts'

export interface DenialPosition {
  readonly at: string
  readonly id: string
}

export interface DenialsWanted {
  /** Undefined: from the first. */
  readonly after: DenialPosition | undefined
  readonly keepSeconds: number
  readonly limit: number
}

export interface EndedLately extends DenialPosition {
  readonly ended_at: Date
}

export interface SignedOutLately extends DenialPosition {
  readonly not_after: number
}

const utc = `AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`
const bounds = (column: string, id: string): string =>
  `${column} > now() - make_interval(secs => $1)
    AND ($2::timestamptz IS NULL OR (${column}, ${id}) > ($2::timestamptz, $3::uuid))`

const endedSessions = {
  name: 'read-ended-sessions',
  text: `SELECT id, ended_at, to_char(ended_at ${utc}) AS at FROM auth.sessions
    WHERE ended_at IS NOT NULL AND ${bounds('ended_at', 'id')} ORDER BY ended_at, id LIMIT $4`,
}

const deniedUsers = {
  name: 'read-denied-users',
  text: `SELECT user_id AS id, not_after, to_char(denied_at ${utc}) AS at FROM auth.denied_users
    WHERE ${bounds('denied_at', 'user_id')} ORDER BY denied_at, user_id LIMIT $4`,
}

const valuesOf = ({ after, keepSeconds, limit }: DenialsWanted): unknown[] => [
  keepSeconds,
  after?.at ?? null,
  after?.id ?? null,
  limit,
]

export const readEndedSessions = async (database: Queryable, wanted: DenialsWanted): Promise<readonly EndedLately[]> =>
  (await database.query<EndedLately>({ ...endedSessions, values: valuesOf(wanted) })).rows

export const readDeniedUsers = async (
  database: Queryable,
  wanted: DenialsWanted,
): Promise<readonly SignedOutLately[]> =>
  (await database.query<SignedOutLately>({ ...deniedUsers, values: valuesOf(wanted) })).rows
