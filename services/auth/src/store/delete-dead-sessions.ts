// Clean-up of sessions: those past their absolute end at once, those that were ended a while after, so that a user can
// still ask for them and verifiers hear of them. Found rows are an array, since a generic plan would join a part of the table.
// Several janitors at once share the work.
import type { DueRows } from '@cairn/contracts'
import type { Queryable } from './queryable.ts'
import { readDueRows } from './read-due-rows.ts'

const statement = {
  name: 'delete-dead-sessions',
  text: `WITH expired AS (
      SELECT id FROM auth.sessions WHERE absolute_expires_at <= now() AND ended_at IS NULL
      ORDER BY absolute_expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
    ), ended AS (
      SELECT id FROM auth.sessions WHERE ended_at <= now() - make_interval(secs => $2)
      ORDER BY ended_at LIMIT $1 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM auth.sessions
    WHERE id = ANY (ARRAY(SELECT id FROM expired UNION SELECT id FROM ended LIMIT $1))`,
}

export interface DeadSessions {
  readonly limit: number
  /** How long an ended session is kept. */
  readonly keepSeconds: number
}

/** Resolves with how many were deleted. */
export const deleteDeadSessions = async (database: Queryable, { limit, keepSeconds }: DeadSessions): Promise<number> =>
  (await database.query({ ...statement, values: [limit, keepSeconds] })).rowCount ?? 0

const dueText = `(SELECT absolute_expires_at AS due_at FROM auth.sessions
    WHERE absolute_expires_at <= now() AND ended_at IS NULL ORDER BY absolute_expires_at LIMIT $1)
  UNION ALL (SELECT ended_at + make_interval(secs => $2) FROM auth.sessions
    WHERE ended_at <= now() - make_interval(secs => $2) ORDER BY ended_at LIMIT $1)`

export const readDeadSessions = (database: Queryable, { limit, keepSeconds }: DeadSessions): Promise<DueRows> =>
  readDueRows(database, { name: 'read-dead-sessions', text: dueText, values: [limit, keepSeconds] })
