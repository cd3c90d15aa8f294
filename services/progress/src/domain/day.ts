// A day is the local date of `occurred_at` in its own offset. Days are counted from 1970-01-01, so that neighbours differ by 1.
import type { OccurredAt } from './occurred-at.ts'
import type { ProgressEvent } from './progress-event.ts'

export const dayMs = 86_400_000

export const dayOf = ({ occurredAtMs, offsetMinutes }: OccurredAt): number =>
  Math.floor((occurredAtMs + offsetMinutes * 60_000) / dayMs)

/** Most of what is written lies on a few days. A power of two, so that a day finds its place by its last bits. */
const places = 64
const days: ({ readonly day: number; readonly text: string } | undefined)[] = Array.from({ length: places })

/** `YYYY-MM-DD`. */
export const formatDay = (day: number): string => {
  const place = day & (places - 1)
  const known = days[place]
  if (known?.day === day) return known.text
  const text = new Date(day * dayMs).toISOString().slice(0, 10)
  days[place] = { day, text }
  return text
}

/** Of `YYYY-MM-DD`. */
export const parseDay = (text: string): number => Date.parse(`${text}T00:00:00Z`) / dayMs

/** What happened on one active day, also what a reset has cleared since. */
export interface DayActivity {
  readonly day: number
  readonly events: number
  readonly points: number
  readonly durationMs: number
}

/** Activity by day of the given events; a reset is no activity. */
export const activityOf = (events: readonly ProgressEvent[]): DayActivity[] => {
  const byDay = new Map<number, DayActivity>()
  for (const event of events) {
    if (event.kind === 'reset') continue
    const day = dayOf(event)
    const before = byDay.get(day)
    byDay.set(day, {
      day,
      events: (before?.events ?? 0) + 1,
      points: (before?.points ?? 0) + (event.points ?? 0),
      durationMs: (before?.durationMs ?? 0) + (event.durationMs ?? 0),
    })
  }
  return [...byDay.values()]
}
