// The rules of design §5 once more, in the plainest way: from the whole log at once, item by item, day by day. What the
// service keeps up to date event by event has to equal this.
import type { Item, Streak, Totals, Track } from '@cairn/contracts'
import type { SentEvent } from './running-progress.ts'

export interface ExpectedState {
  readonly items: Item[]
  readonly tracks: Track[]
  readonly totals: Totals
  readonly days: { day: string; events: number; points: number; duration_ms: number }[]
}

const time = (event: SentEvent): number => Date.parse(event.occurred_at)
const iso = (ms: number): string => new Date(ms).toISOString()
const sum = (values: (number | undefined)[]): number => values.reduce<number>((total, value) => total + (value ?? 0), 0)
const present = (values: (number | undefined)[]): number[] => values.filter(value => value !== undefined)

const itemFrom = (events: SentEvent[]): Item => {
  const [{ track_id, item_id }] = events as [SentEvent]
  const resets = events.filter(event => event.kind === 'reset')
  const counted = events.filter(event => event.kind !== 'reset' && !resets.some(reset => time(reset) >= time(event)))
  const completions = counted.filter(event => event.kind === 'completed').map(time)
  const times = counted.map(time)
  const scores = present(counted.map(event => event.score))
  return {
    track_id,
    item_id,
    status: completions.length > 0 ? 'completed' : counted.length > 0 ? 'in_progress' : 'not_started',
    percent: completions.length > 0 ? 100 : Math.max(0, ...present(counted.map(event => event.percent))),
    best_score: scores.length > 0 ? Math.max(...scores) : null,
    points: sum(counted.map(event => event.points)),
    duration_ms: sum(counted.map(event => event.duration_ms)),
    event_count: counted.length,
    first_at: times.length > 0 ? iso(Math.min(...times)) : null,
    last_at: times.length > 0 ? iso(Math.max(...times)) : null,
    completed_at: completions.length > 0 ? iso(Math.min(...completions)) : null,
  }
}

const trackFrom = (items: Item[]): Track => {
  const lasts = items.map(item => item.last_at).filter(last => last !== null)
  return {
    track_id: (items as [Item])[0].track_id,
    items: items.filter(item => item.event_count > 0).length,
    completed_items: items.filter(item => item.status === 'completed').length,
    points: sum(items.map(item => item.points)),
    duration_ms: sum(items.map(item => item.duration_ms)),
    event_count: sum(items.map(item => item.event_count)),
    last_at: lasts.sort().at(-1) ?? null,
  }
}

const byteOrder = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))

/** The first ten characters of `occurred_at` as sent are the local date. */
export const expectedState = (log: readonly SentEvent[]): ExpectedState => {
  const items = [...Map.groupBy(log, event => JSON.stringify([event.track_id, event.item_id])).values()]
    .map(itemFrom)
    .sort((one, other) => byteOrder(one.track_id, other.track_id) || byteOrder(one.item_id, other.item_id))
  const tracks = [...Map.groupBy(items, item => item.track_id).values()].map(trackFrom)
  const days = [
    ...Map.groupBy(
      log.filter(event => event.kind !== 'reset'),
      event => event.occurred_at.slice(0, 10),
    ),
  ]
    .map(([day, events]) => ({
      day,
      events: events.length,
      points: sum(events.map(event => event.points)),
      duration_ms: sum(events.map(event => event.duration_ms)),
    }))
    .sort((one, other) => byteOrder(one.day, other.day))
  return {
    items,
    tracks,
    days,
    totals: {
      tracks: tracks.filter(track => track.items > 0).length,
      items: sum(tracks.map(track => track.items)),
      completed_items: sum(tracks.map(track => track.completed_items)),
      points: sum(tracks.map(track => track.points)),
      duration_ms: sum(tracks.map(track => track.duration_ms)),
      event_count: sum(tracks.map(track => track.event_count)),
      active_days: days.length,
    },
  }
}

const dayBefore = (day: string): string => iso(Date.parse(day) - 86_400_000).slice(0, 10)
const dayAfter = (day: string): string => iso(Date.parse(day) + 86_400_000).slice(0, 10)

const offsetMs = ({ occurred_at: at }: SentEvent): number =>
  Date.parse(`${at.slice(0, 19)}Z`) - Date.parse(`${at.slice(0, 19)}${at.slice(23)}`)

/** As of `nowMs`, where the latest active event was. */
export const expectedStreak = (log: readonly SentEvent[], nowMs: number): Streak => {
  const active = log.filter(event => event.kind !== 'reset')
  const [latest] = active.toSorted((one, other) => time(other) - time(one) || offsetMs(other) - offsetMs(one))
  if (latest === undefined) return { current: 0, longest: 0, last_day: null, valid_until: null }
  const days = new Set(active.map(event => event.occurred_at.slice(0, 10)))
  const runTo = (day: string): number => (days.has(day) ? 1 + runTo(dayBefore(day)) : 0)
  const lastDay = [...days].sort().at(-1) as string
  const today = iso(nowMs + offsetMs(latest)).slice(0, 10)
  return {
    current: lastDay >= dayBefore(today) ? runTo(lastDay) : 0,
    longest: Math.max(...[...days].map(runTo)),
    last_day: lastDay,
    valid_until: dayAfter(lastDay),
  }
}
