// A user's state from the log alone, by the same rules that move it event by event. The log is gone through twice, a stretch
// at a time: first for the latest resets, since they decide what counts, then for what counts. What is kept is the state.
import { activityOf, type DayActivity } from './day.ts'
import { advanceItem, emptyItem, latestReset, type ItemState } from './item.ts'
import { itemKeyOf } from './changes-page.ts'
import type { AppliedEvent } from './progress-event.ts'
import { latestActive, runsOf, type StreakState } from './streak.ts'
import { advanceTotals, noTotals, type TotalsState } from './totals.ts'
import { advanceTrack, emptyTrack, type TrackState } from './track.ts'

/** Events that are not there, though later ones are, or were: the head has counted them. */
export interface Hole {
  readonly fromSeq: number
  readonly toSeq: number
}

const mostHoles = 10

export interface ReplayedLog {
  /** That of the head when the end of the log is missing: no `seq` is given out twice. */
  readonly seq: number
  /** The first of them; a log that is whole has none. */
  readonly holes: readonly Hole[]
  readonly items: readonly ItemState[]
  readonly tracks: readonly TrackState[]
  /** Ascending. */
  readonly days: readonly DayActivity[]
  readonly totals: TotalsState
  readonly streak: StreakState
}

export class LogReplay {
  readonly #resets = new Map<string, number | null>()
  readonly #items = new Map<string, ItemState>()
  readonly #lastSeqs = new Map<string, number>()
  readonly #days = new Map<number, DayActivity>()
  #latestActive: StreakState['latestActive'] = null
  readonly #holes: Hole[] = []
  #seq = 0

  /** First pass, in any order. */
  noteResets(events: readonly AppliedEvent[]): void {
    for (const event of events) {
      const key = itemKeyOf(event)
      this.#resets.set(key, latestReset(this.#resets.get(key) ?? null, [event]))
    }
  }

  /** Second pass, in order of `seq`. */
  count(events: readonly AppliedEvent[]): void {
    for (const event of events) {
      const key = itemKeyOf(event)
      const before = this.#items.get(key) ?? emptyItem(event)
      this.#items.set(
        key,
        advanceItem({ key: before, left: before, resetAtMs: this.#resets.get(key) ?? null }, [event]),
      )
      this.#lastSeqs.set(event.trackId, event.seq)
      this.#noteHoleBefore(event.seq)
      this.#seq = event.seq
    }
    for (const activity of activityOf(events)) this.#addDay(activity)
    this.#latestActive = latestActive(this.#latestActive, events)
  }

  /** After both passes. `headSeq`: how many events the head has counted, 0 when there is none. */
  state(headSeq: number): ReplayedLog {
    const seq = Math.max(this.#seq, headSeq)
    this.#noteHoleBefore(seq + 1)
    const items = [...this.#items.values()]
    const changes = items.map(after => ({ before: emptyItem(after), after }))
    const tracks = [...Map.groupBy(changes, change => change.after.trackId)].map(([trackId, ofTrack]) =>
      advanceTrack(emptyTrack(trackId), {
        changes: ofTrack,
        lastSeq: this.#lastSeqs.get(trackId) ?? 0,
        untouchedLastAtMs: null,
      }),
    )
    const days = [...this.#days.values()].sort((one, other) => one.day - other.day)
    return {
      seq,
      holes: this.#holes,
      items,
      tracks,
      days,
      totals: advanceTotals(noTotals, {
        items: changes,
        tracks: tracks.map(after => ({ before: emptyTrack(after.trackId), after })),
      }),
      streak: { ...runsOf(days.map(({ day }) => day)), latestActive: this.#latestActive },
    }
  }

  #noteHoleBefore(seq: number): void {
    if (seq === this.#seq + 1 || this.#holes.length === mostHoles) return
    this.#holes.push({ fromSeq: this.#seq + 1, toSeq: seq - 1 })
  }

  #addDay({ day, events, points, durationMs }: DayActivity): void {
    const before = this.#days.get(day)
    this.#days.set(day, {
      day,
      events: (before?.events ?? 0) + events,
      points: (before?.points ?? 0) + points,
      durationMs: (before?.durationMs ?? 0) + durationMs,
    })
  }
}
