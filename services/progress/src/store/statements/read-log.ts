// A stretch of one user's log.
import type pg from 'pg'
import type { AppliedEvent } from '../../domain/progress-event.ts'
import { eventColumns, eventOf, type EventRow } from '../event-row.ts'

const statement = {
  name: 'read-log',
  text: `SELECT ${eventColumns} FROM progress.events AS e
    WHERE e.user_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3`,
}

/** At most `limit` events after `since`, in order of `seq`. */
export const readLog = async (
  client: pg.ClientBase,
  { userId, since, limit }: { userId: string; since: number; limit: number },
): Promise<readonly AppliedEvent[]> => {
  const { rows } = await client.query<EventRow>({ ...statement, values: [userId, since, limit] })
  return rows.map(eventOf)
}
