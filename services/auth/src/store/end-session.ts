// Ends a session for good.
import type { SessionEnded } from '@cairn/contracts'
import type { SessionsRow } from '../generated/rows.ts'
import type { Queryable } from './queryable.ts'

export type EndedSession = Pick<SessionsRow, 'id' | 'user_id'> & { readonly ended_at: Date }

const statement = {
  name: 'end-session',
  text: `UPDATE auth.sessions SET ended_at = now(), end_reason = $2 WHERE id = $1 AND ended_at IS NULL
    RETURNING id, user_id, ended_at`,
}

/** Undefined when it had ended already, or is gone. */
export const endSession = async (
  database: Queryable,
  sessionId: string,
  reason: SessionEnded['reason'],
): Promise<EndedSession | undefined> =>
  (await database.query<EndedSession>({ ...statement, values: [sessionId, reason] })).rows[0]
