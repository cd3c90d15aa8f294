// Brings the tracks of changed items to their new state.
import type { Pipeline } from '@cairn/postgres'
import type { TrackChange } from '../domain/totals.ts'
import { advanceTrack, emptyTrack, losesLast } from '../domain/track.ts'
import type { UserEvents, UserItemChange } from './advance-items.ts'
import { trackKey, type Stored } from './read-stored.ts'
import { readTrackLastAt } from './statements/read-track-last-at.ts'
import type { UserTrackKey } from './statements/read-tracks.ts'
import { writeTracks } from './statements/write-tracks.ts'

export interface UserTrackChange extends TrackChange {
  readonly userId: string
}

interface TouchedTrack extends UserTrackKey {
  readonly changes: UserItemChange[]
}

const changesByTrack = (items: readonly UserItemChange[]): Map<string, TouchedTrack> => {
  const byTrack = new Map<string, TouchedTrack>()
  for (const change of items) {
    const { userId, after } = change
    const key = trackKey(userId, after.trackId)
    const found = byTrack.get(key)
    if (found === undefined) byTrack.set(key, { userId, trackId: after.trackId, changes: [change] })
    else found.changes.push(change)
  }
  return byTrack
}

const lastSeqByTrack = (logs: readonly UserEvents[]): Map<string, number> => {
  const lastSeqs = new Map<string, number>()
  for (const { userId, applied } of logs) {
    for (const { trackId, seq } of applied) lastSeqs.set(trackKey(userId, trackId), seq)
  }
  return lastSeqs
}

/** Stores and answers each touched track's change. The items must have been stored before. */
export const advanceTracks = async (
  pipeline: Pipeline,
  { logs, items }: { logs: readonly UserEvents[]; items: readonly UserItemChange[] },
  stored: Stored['tracks'],
): Promise<readonly UserTrackChange[]> => {
  const touched = changesByTrack(items)
  const beforeOf = ({ userId, trackId }: UserTrackKey) => stored.get(trackKey(userId, trackId)) ?? emptyTrack(trackId)

  const losing = [...touched.values()].filter(track => losesLast(beforeOf(track), track.changes))
  const times = losing.length === 0 ? [] : await readTrackLastAt(pipeline, losing)
  const timeOf = new Map(losing.map((track, index) => [track, times[index] ?? null]))
  const lastSeqs = lastSeqByTrack(logs)
  const changes = [...touched].map(([key, track]) => {
    const before = beforeOf(track)
    const floor = timeOf.has(track) ? (timeOf.get(track) as number | null) : before.lastAtMs
    const after = advanceTrack(before, {
      changes: track.changes,
      lastSeq: lastSeqs.get(key) as number,
      untouchedLastAtMs: floor,
    })
    return { userId: track.userId, before, after }
  })
  const rows = changes.map(({ userId, after }) => ({ userId, track: after }))
  pipeline.send(writeTracks(pipeline, rows))
  return changes
}
