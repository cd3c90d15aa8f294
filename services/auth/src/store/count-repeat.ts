// Counts one more answer to the previous token of a session, as long as the session is what was read and has some left.
import { issuedAt, type Issue } from './issue.ts'
import type { Queryable } from './queryable.ts'

export interface Repeat {
  readonly sessionId: string
  readonly currentHash: Buffer
  readonly maxRepeats: number
}

const statement = {
  name: 'count-repeat',
  text: `UPDATE auth.sessions SET repeats = repeats + 1, last_seen_at = now()
    WHERE id = $1 AND current_hash = $2 AND repeats < $3 AND ended_at IS NULL
    RETURNING idle_expires_at, ${issuedAt} AS issued_at`,
}

/** Undefined when the session has moved on or none are left. */
export const countRepeat = async (
  database: Queryable,
  { sessionId, currentHash, maxRepeats }: Repeat,
): Promise<Issue | undefined> =>
  (await database.query<Issue>({ ...statement, values: [sessionId, currentHash, maxRepeats] })).rows[0]
