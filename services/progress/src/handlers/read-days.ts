// What the caller did on each active day of a stretch of local dates.
import type { Call } from '@cairn/bus'
import { CairnError, maxDaysPerRequest, type DayList, type ReadDays } from '@cairn/contracts'
import type { ProgressContext } from '../context.ts'
import { formatDay, parseDay } from '../domain/day.ts'
import { readDays as readStoredDays } from '../store/statements/read-days.ts'
import { callerIdOf } from './caller-of.ts'

/** No event has a local date before this one; Postgres has no year 0. */
const firstDay = -1

const invalid = (path: string, message: string): CairnError =>
  new CairnError('invalid_request', { errors: [{ path, message }] })

const dayFrom = (text: string, path: string): number => {
  const day = parseDay(text)
  if (Number.isNaN(day) || formatDay(day) !== text) throw invalid(path, 'must be a date of the calendar')
  return day
}

/** Throws `invalid_request` for dates that do not exist, stand in the wrong order or are more than 400. */
export const readDays =
  (context: ProgressContext) =>
  async (payload: ReadDays, call: Call): Promise<DayList> => {
    const userId = callerIdOf(call)
    const [from, to] = [dayFrom(payload.from, '/from'), dayFrom(payload.to, '/to')]
    if (to < from) throw invalid('/to', 'must not be before from')
    if (to - from >= maxDaysPerRequest) throw invalid('/to', `must be within ${maxDaysPerRequest} days, both included`)
    if (to < firstDay) return { days: [] }
    const days = await readStoredDays(context.pool, { userId, from: Math.max(from, firstDay), to })
    return {
      days: days.map(({ day, events, points, durationMs }) => ({
        date: formatDay(day),
        events,
        points,
        duration_ms: durationMs,
      })),
    }
  }
