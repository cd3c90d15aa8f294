// What a group has to know before it can be judged: its users' logs, locked, and what is stored of everything its events may
// touch. All of it is asked at once; the lock comes first, so nothing of it can change until the end of the transaction.
import type { Pipeline } from '@cairn/postgres'
import { itemKeyOf } from '../domain/changes-page.ts'
import { dayOf } from '../domain/day.ts'
import type { ItemState } from '../domain/item.ts'
import type { LogState } from '../domain/log-state.ts'
import type { ProgressEvent } from '../domain/progress-event.ts'
import type { TrackState } from '../domain/track.ts'
import { readItems } from './statements/read-items.ts'
import { readKnownEvents, type KnownEvent } from './statements/read-known-events.ts'
import { readStoredDays } from './statements/read-stored-days.ts'
import { readTracks } from './statements/read-tracks.ts'

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

/** Each once. */
const distinct = <T>(all: readonly T[], keyOf: (one: T) => string): T[] => {
  const byKey = new Map<string, T>()
  for (const one of all) byKey.set(keyOf(one), one)
  return [...byKey.values()]
}

/** `lock` goes first, and takes locks in order of user id, as everybody does: that is what rules out deadlocks. */
export const readStored = async (
  pipeline: Pipeline,
  events: readonly UserEvent[],
  lock: (pipeline: Pipeline) => Promise<ReadonlyMap<string, LogState>>,
): Promise<Stored> => {
  const keys = events.map(({ userId, event }) => ({ userId, ...event, day: dayOf(event) }))
  const [logs, known, items, tracks, days] = await Promise.all([
    lock(pipeline),
    readKnownEvents(
      pipeline,
      distinct(keys, one => one.userId + one.eventId),
    ),
    readItems(
      pipeline,
      distinct(keys, one => itemKey(one.userId, one)),
    ),
    readTracks(
      pipeline,
      distinct(keys, one => trackKey(one.userId, one.trackId)),
    ),
    readStoredDays(
      pipeline,
      distinct(keys, one => dayKey(one.userId, one.day)),
    ),
  ])
  return {
    logs,
    known,
    items: new Map(items.map(({ userId, item }) => [itemKey(userId, item), item])),
    tracks: new Map(tracks.map(({ userId, track }) => [trackKey(userId, track.trackId), track])),
    activeDays: new Set(days.map(({ userId, day }) => dayKey(userId, day))),
  }
}
