// The caller's state as a whole, as of one head: totals, streak, and the tracks last touched.
import type { Call } from '@cairn/bus'
import type { ReadSnapshot, Snapshot } from '@cairn/contracts'
import { inSnapshot } from '@cairn/postgres'
import type { ProgressContext } from '../context.ts'
import { trackCursor } from '../domain/cursor.ts'
import { maxPageLimit, pageOf } from '../domain/page-of.ts'
import { presentStreak } from '../domain/streak.ts'
import { presentTotals } from '../domain/totals.ts'
import { presentTrack } from '../domain/track.ts'
import { readLatestTracks } from '../store/statements/read-latest-tracks.ts'
import { readLogState } from '../store/statements/read-log-state.ts'
import { callerIdOf } from './caller-of.ts'
import { todayFor } from './today-for.ts'

export const readSnapshot =
  (context: ProgressContext) =>
  async ({ time_zone: timeZone }: ReadSnapshot, call: Call): Promise<Snapshot> => {
    const userId = callerIdOf(call)
    const { state, tracks } = await inSnapshot(context.pool, async client => {
      const found = await readLogState(client, userId)
      const wanted = { userId, beforeSeq: Number.MAX_SAFE_INTEGER, limit: maxPageLimit + 1 }
      return { state: found, tracks: await readLatestTracks(client, wanted) }
    })
    const { entries, nextCursor } = pageOf(tracks, maxPageLimit, track => trackCursor(track.lastSeq))
    return {
      head: { epoch: state.epoch, seq: state.seq },
      totals: presentTotals(state.totals, state.streak.activeDays),
      streak: presentStreak(state.streak, todayFor(timeZone, state.streak, context.now())),
      tracks: entries.map(presentTrack),
      next_cursor: nextCursor,
    }
  }
