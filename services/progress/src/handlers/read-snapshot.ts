// The caller's state as a whole, as of one head: totals, streak, and the tracks last touched. A caller who knows it already
// costs one row.
import type { Call } from '@cairn/bus'
import type { FindSnapshot, FoundSnapshot } from '@cairn/contracts'
import { inSnapshot } from '@cairn/postgres'
import type { ProgressContext } from '../context.ts'
import { trackCursor } from '../domain/cursor.ts'
import { maxPageLimit, pageOf } from '../domain/page-of.ts'
import { snapshotTag } from './snapshot-tag.ts'
import { presentStreak } from '../domain/streak.ts'
import { presentTotals } from '../domain/totals.ts'
import { presentTrack } from '../domain/track.ts'
import { readLatestTracks } from '../store/statements/read-latest-tracks.ts'
import { readLogState } from '../store/statements/read-log-state.ts'
import { callerIdOf } from './caller-of.ts'
import { todayFor } from './today-for.ts'

export const readSnapshot =
  (context: ProgressContext) =>
  async ({ time_zone: timeZone, known = [] }: FindSnapshot, call: Call): Promise<FoundSnapshot> => {
    const userId = callerIdOf(call)
    return inSnapshot(context.pool, async client => {
      const state = await readLogState(client, userId)
      const head = { epoch: state.epoch, seq: state.seq }
      const today = todayFor(timeZone, state.streak, context.now())
      const tag = snapshotTag({ userId, head, timeZone, today })
      if (known.includes(tag) || known.includes('*')) return { tag, snapshot: null }
      const wanted = { userId, beforeSeq: Number.MAX_SAFE_INTEGER, limit: maxPageLimit + 1 }
      const tracks = await readLatestTracks(client, wanted)
      const { entries, nextCursor } = pageOf(tracks, maxPageLimit, track => trackCursor(track.lastSeq))
      const snapshot = {
        head,
        totals: presentTotals(state.totals, state.streak.activeDays),
        streak: presentStreak(state.streak, today),
        tracks: entries.map(presentTrack),
        next_cursor: nextCursor,
      }
      return { tag, snapshot }
    })
  }
