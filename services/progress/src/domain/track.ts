// A track: sums over its items, moved by the difference each item makes. Only `last_at` cannot always be moved: when a
// reset takes away the item that was last, the remaining items have to be asked.
import type { Track } from '@cairn/contracts'
import { formatInstant } from './instant.ts'
import type { ItemState } from './item.ts'

export interface Sums {
  /** Items with at least one event that counts; a cleared item stays listed but is not among them. */
  readonly items: number
  readonly completedItems: number
  readonly points: number
  readonly durationMs: number
  readonly eventCount: number
}

export interface TrackState extends Sums {
  readonly trackId: string
  readonly lastAtMs: number | null
  /** `seq` of the last event that touched it: what "last touched" means. */
  readonly lastSeq: number
}

export interface ItemChange {
  readonly before: ItemState
  readonly after: ItemState
}

export const noSums: Sums = { items: 0, completedItems: 0, points: 0, durationMs: 0, eventCount: 0 }

const sumsOf = (item: ItemState): Sums => ({
  items: item.eventCount > 0 ? 1 : 0,
  completedItems: item.completedAtMs === null ? 0 : 1,
  points: item.points,
  durationMs: item.durationMs,
  eventCount: item.eventCount,
})

/** `sums` after these changes of items; each item at most once. */
export const moveSums = (sums: Sums, changes: readonly ItemChange[]): Sums => {
  let { items, completedItems, points, durationMs, eventCount } = sums
  for (const change of changes) {
    const [before, after] = [sumsOf(change.before), sumsOf(change.after)]
    items += after.items - before.items
    completedItems += after.completedItems - before.completedItems
    points += after.points - before.points
    durationMs += after.durationMs - before.durationMs
    eventCount += after.eventCount - before.eventCount
  }
  return { items, completedItems, points, durationMs, eventCount }
}

export const emptyTrack = (trackId: string): TrackState => ({ trackId, ...noSums, lastAtMs: null, lastSeq: 0 })

const latest = (times: readonly (number | null)[]): number | null =>
  times.reduce((greatest, time) => (greatest === null || (time !== null && time > greatest) ? time : greatest), null)

/** True when the item that was last has moved back, so that `last_at` of the untouched items is needed. */
export const losesLast = (track: TrackState, changes: readonly ItemChange[]): boolean =>
  changes.some(
    ({ before, after }) =>
      before.lastAtMs !== null &&
      before.lastAtMs === track.lastAtMs &&
      after.lastAtMs !== before.lastAtMs &&
      (after.lastAtMs ?? -1) < before.lastAtMs,
  )

/**
 * The track after these changes. `untouchedLastAtMs`: greatest `last_at` of the items that did not change, needed only
 * where `losesLast`; else the track's own is a lower bound that holds.
 */
export const advanceTrack = (
  track: TrackState,
  {
    changes,
    lastSeq,
    untouchedLastAtMs,
  }: { changes: readonly ItemChange[]; lastSeq: number; untouchedLastAtMs: number | null },
): TrackState => ({
  trackId: track.trackId,
  ...moveSums(track, changes),
  lastAtMs: latest([untouchedLastAtMs, ...changes.map(change => change.after.lastAtMs)]),
  lastSeq,
})

export const presentTrack = (track: TrackState): Track => ({
  track_id: track.trackId,
  items: track.items,
  completed_items: track.completedItems,
  points: track.points,
  duration_ms: track.durationMs,
  event_count: track.eventCount,
  last_at: track.lastAtMs === null ? null : formatInstant(track.lastAtMs),
})
