// A user's totals: sums over all items. A track counts as long as something in it does.
import type { Totals } from '@cairn/contracts'
import { moveSums, noSums, type ItemChange, type Sums, type TrackState } from './track.ts'

export interface TotalsState extends Sums {
  readonly tracks: number
}

export interface TrackChange {
  readonly before: TrackState
  readonly after: TrackState
}

export const noTotals: TotalsState = { tracks: 0, ...noSums }

const countsAsTrack = (track: TrackState): number => (track.items > 0 ? 1 : 0)

/** The totals after these changes; each item and each track at most once. */
export const advanceTotals = (
  totals: TotalsState,
  { items, tracks }: { items: readonly ItemChange[]; tracks: readonly TrackChange[] },
): TotalsState => ({
  ...moveSums(totals, items),
  tracks: tracks.reduce((sum, { before, after }) => sum - countsAsTrack(before) + countsAsTrack(after), totals.tracks),
})

export const presentTotals = (totals: TotalsState, activeDays: number): Totals => ({
  tracks: totals.tracks,
  items: totals.items,
  completed_items: totals.completedItems,
  points: totals.points,
  duration_ms: totals.durationMs,
  event_count: totals.eventCount,
  active_days: activeDays,
})
