// A user's active days from one date to another, both included.
import type pg from 'pg'
import { formatDay, parseDay, type DayActivity } from '../../domain/day.ts'

const statement = {
  name: 'read-days',
  text: `SELECT day, events, points, duration_ms FROM progress.days
    WHERE user_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day`,
}

interface DayRow {
  readonly day: string
  readonly events: number
  readonly points: number
  readonly duration_ms: number
}

export const readDays = async (
  pool: pg.Pool,
  { userId, from, to }: { userId: string; from: number; to: number },
): Promise<readonly DayActivity[]> => {
  const { rows } = await pool.query<DayRow>({ ...statement, values: [userId, formatDay(from), formatDay(to)] })
  return rows.map(row => ({
    day: parseDay(row.day),
    events: row.events,
    points: row.points,
    durationMs: row.duration_ms,
  }))
}
