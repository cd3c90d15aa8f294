// What a group has to know before it can be judged: its users' logs, locked, and what is stored of everything its events may
// touch. All of it is asked at once; the lock comes first, so nothing of it can change until the end of the transaction.
import type { Pipeline } from '@cairn/postgres'
import { itemKeyOf } from '../domain/changes-page.ts'
import { dayOf } from '../domain/day.ts'
import type { ItemState } from '../domain/item.ts'
import type { LogState } from '../domain/log-state.ts'
import type { ProgressEvent } from '../domain/progress-event.ts'
import type { TrackState } from '../domain/track.ts'
import { readItems, type UserItemKey } from './statements/read-items.ts'
import { readKnownEvents, type KnownEvent, type WantedEvent } from './statements/read-known-events.ts'
import { readStoredDays, type UserDay } from './statements/read-stored-days.ts'
import { readTracks, type UserTrackKey } from './statements/read-tracks.ts'

export interface UserEvent {
  readonly userId: string
  readonly event: ProgressEvent
}

/** The keys of these maps and sets are made by the functions below. */
export interface Stored {
  /** By user id; users without a row are missing, and those left out. */
  readonly logs: ReadonlyMap<string, LogState>
  readonly known: readonly KnownEvent[]
  readonly items: ReadonlyMap<string, ItemState>
  readonly tracks: ReadonlyMap<string, TrackState>
  readonly activeDays: ReadonlySet<string>
}

export const itemKey = (userId: string, item: { trackId: string; itemId: string }): string => userId + itemKeyOf(item)
export const trackKey = (userId: string, trackId: string): string => userId + trackId
export const dayKey = (userId: string, day: number): string => `${userId}${day}`

/** What events touch, each once. */
class Touched {
  readonly events: WantedEvent[] = []
  readonly items: UserItemKey[] = []
  readonly tracks: UserTrackKey[] = []
  readonly days: UserDay[] = []
  /** By user: items, tracks and days, whose keys cannot be each other's. */
  readonly #seen = new Map<string, Set<string | number>>()

  constructor(events: readonly UserEvent[]) {
    for (const { userId, event } of events) this.#add(userId, event)
  }

  #add(userId: string, event: ProgressEvent): void {
    const { eventId, trackId, itemId } = event
    const day = dayOf(event)
    // The same id twice is answered twice, which does no harm.
    this.events.push({ userId, eventId })
    if (this.#isNew(userId, itemKeyOf(event))) this.items.push({ userId, trackId, itemId })
    if (this.#isNew(userId, trackId)) this.tracks.push({ userId, trackId })
    if (this.#isNew(userId, day)) this.days.push({ userId, day })
  }

  #isNew(userId: string, key: string | number): boolean {
    let seen = this.#seen.get(userId)
    if (seen === undefined) this.#seen.set(userId, (seen = new Set()))
    if (seen.has(key)) return false
    seen.add(key)
    return true
  }
}

/** `lock` goes first, and takes locks in order of user id, as everybody does: that is what rules out deadlocks. */
export const readStored = async (
  pipeline: Pipeline,
  events: readonly UserEvent[],
  lock: (pipeline: Pipeline) => Promise<ReadonlyMap<string, LogState>>,
): Promise<Stored> => {
  const touched = new Touched(events)
  const [logs, known, items, tracks, days] = await Promise.all([
    lock(pipeline),
    readKnownEvents(pipeline, touched.events),
    readItems(pipeline, touched.items),
    readTracks(pipeline, touched.tracks),
    readStoredDays(pipeline, touched.days),
  ])
  return {
    logs,
    known,
    items: new Map(items.map(({ userId, item }) => [itemKey(userId, item), item])),
    tracks: new Map(tracks.map(({ userId, track }) => [trackKey(userId, track.trackId), track])),
    activeDays: new Set(days.map(({ userId, day }) => dayKey(userId, day))),
  }
}
