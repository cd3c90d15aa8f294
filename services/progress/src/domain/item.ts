// The state of one item: a fold over the events that count, the same in any order. An event counts unless its item has a
// reset with an equal or later `occurred_at`. So the state needs the latest reset, and when a reset cuts into what has been
// counted, the counted part has to be built again from the log: sums could be reduced, greatest values could not.
import type { Item, ItemStatus } from '@cairn/contracts'
import { formatInstant } from './instant.ts'
import type { ProgressEvent } from './progress-event.ts'

export interface ItemKey {
  readonly trackId: string
  readonly itemId: string
}

/** What counts of an item. */
export interface Counted {
  /** Greatest `percent` of the events that count; 100 once completed. */
  readonly percent: number
  readonly bestScore: number | null
  readonly points: number
  readonly durationMs: number
  readonly eventCount: number
  readonly firstAtMs: number | null
  readonly lastAtMs: number | null
  readonly completedAtMs: number | null
}

export interface ItemState extends ItemKey, Counted {
  /** `occurred_at` of the latest reset. */
  readonly resetAtMs: number | null
}

export const nothingCounted: Counted = {
  percent: 0,
  bestScore: null,
  points: 0,
  durationMs: 0,
  eventCount: 0,
  firstAtMs: null,
  lastAtMs: null,
  completedAtMs: null,
}

const least = (one: number | null, other: number | null): number | null =>
  one === null ? other : other === null ? one : Math.min(one, other)

const greatest = (one: number | null, other: number | null): number | null =>
  one === null ? other : other === null ? one : Math.max(one, other)

/** Adds one event that counts. */
export const countEvent = (counted: Counted, event: ProgressEvent): Counted => {
  const completed = event.kind === 'completed'
  return {
    percent: completed ? 100 : Math.max(counted.percent, event.percent ?? 0),
    bestScore: greatest(counted.bestScore, event.score),
    points: counted.points + (event.points ?? 0),
    durationMs: counted.durationMs + (event.durationMs ?? 0),
    eventCount: counted.eventCount + 1,
    firstAtMs: least(counted.firstAtMs, event.occurredAtMs),
    lastAtMs: greatest(counted.lastAtMs, event.occurredAtMs),
    completedAtMs: completed ? least(counted.completedAtMs, event.occurredAtMs) : counted.completedAtMs,
  }
}

const counts = (event: ProgressEvent, resetAtMs: number | null): boolean =>
  event.kind !== 'reset' && (resetAtMs === null || event.occurredAtMs > resetAtMs)

/** The latest reset, those among `events` included. */
export const latestReset = (before: number | null, events: readonly ProgressEvent[]): number | null =>
  events.reduce((latest, event) => (event.kind === 'reset' ? greatest(latest, event.occurredAtMs) : latest), before)

/** What is left of an item's counted part under a reset: all of it, nothing, or `recount` when the log has to be asked. */
export const leftAfterReset = (before: ItemState, resetAtMs: number | null): Counted | 'recount' => {
  if (resetAtMs === null || before.firstAtMs === null || before.lastAtMs === null) return before
  if (before.firstAtMs > resetAtMs) return before
  return before.lastAtMs <= resetAtMs ? nothingCounted : 'recount'
}

/** The state after `events` (all of this item, in any order), given what was left of the part that was counted before. */
export const advanceItem = (
  { key, left, resetAtMs }: { key: ItemKey; left: Counted; resetAtMs: number | null },
  events: readonly ProgressEvent[],
): ItemState => {
  const counted = events.filter(event => counts(event, resetAtMs)).reduce(countEvent, left)
  return {
    trackId: key.trackId,
    itemId: key.itemId,
    resetAtMs,
    percent: counted.percent,
    bestScore: counted.bestScore,
    points: counted.points,
    durationMs: counted.durationMs,
    eventCount: counted.eventCount,
    firstAtMs: counted.firstAtMs,
    lastAtMs: counted.lastAtMs,
    completedAtMs: counted.completedAtMs,
  }
}

export const emptyItem = ({ trackId, itemId }: ItemKey): ItemState => ({
  trackId,
  itemId,
  resetAtMs: null,
  ...nothingCounted,
})

export const statusOf = (item: Counted): ItemStatus =>
  item.completedAtMs !== null ? 'completed' : item.eventCount > 0 ? 'in_progress' : 'not_started'

const instant = (ms: number | null): string | null => (ms === null ? null : formatInstant(ms))

/** The item as the outside sees it. */
export const presentItem = (item: ItemState): Item => ({
  track_id: item.trackId,
  item_id: item.itemId,
  status: statusOf(item),
  percent: item.percent,
  best_score: item.bestScore,
  points: item.points,
  duration_ms: item.durationMs,
  event_count: item.eventCount,
  first_at: instant(item.firstAtMs),
  last_at: instant(item.lastAtMs),
  completed_at: instant(item.completedAtMs),
})
