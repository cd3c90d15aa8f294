// The caller's log after a position, and the current state of everything those events touched.
import type { Call } from '@cairn/bus'
import { CairnError, type ChangesPage, type ReadChanges } from '@cairn/contracts'
import { inSnapshot } from '@cairn/postgres'
import type pg from 'pg'
import type { ProgressContext } from '../context.ts'
import { assemblePage, itemKeyOf } from '../domain/changes-page.ts'
import type { ItemState } from '../domain/item.ts'
import type { LogState } from '../domain/log-state.ts'
import { pageLimit } from '../domain/page-of.ts'
import type { AppliedEvent } from '../domain/progress-event.ts'
import { presentStreak } from '../domain/streak.ts'
import { presentTotals } from '../domain/totals.ts'
import type { TrackState } from '../domain/track.ts'
import { readItems } from '../store/statements/read-items.ts'
import { readLogState } from '../store/statements/read-log-state.ts'
import { readLog } from '../store/statements/read-log.ts'
import { readTracks } from '../store/statements/read-tracks.ts'
import { callerIdOf } from './caller-of.ts'
import { todayFor } from './today-for.ts'

interface Found {
  readonly state: LogState
  readonly events: readonly AppliedEvent[]
  readonly items: ReadonlyMap<string, ItemState>
  readonly tracks: ReadonlyMap<string, TrackState>
}

const checkPosition = ({ since, epoch }: ReadChanges, head: LogState): void => {
  if ((epoch !== undefined && epoch !== head.epoch) || since > head.seq) throw new CairnError('resync_required')
}

const findTouched = async (client: pg.ClientBase, userId: string, events: readonly AppliedEvent[]) => {
  const keys = new Map(
    events.map(event => [itemKeyOf(event), { userId, trackId: event.trackId, itemId: event.itemId }]),
  )
  const trackIds = new Set(events.map(event => event.trackId))
  const items = await readItems(client, [...keys.values()])
  const tracks = await readTracks(
    client,
    [...trackIds].map(trackId => ({ userId, trackId })),
  )
  return {
    items: new Map(items.map(({ item }) => [itemKeyOf(item), item])),
    tracks: new Map(tracks.map(({ track }) => [track.trackId, track])),
  }
}

const find = (context: ProgressContext, userId: string, wanted: ReadChanges): Promise<Found> =>
  inSnapshot(context.pool, async client => {
    const state = await readLogState(client, userId)
    checkPosition(wanted, state)
    const limit = pageLimit(wanted.limit)
    const atHead = wanted.since === state.seq
    const events = atHead ? [] : await readLog(client, { userId, since: wanted.since, limit })
    if (events.length === 0) return { state, events, items: new Map(), tracks: new Map() }
    return { state, events, ...(await findTouched(client, userId, events)) }
  })

/** Throws `resync_required` when the position is not one of this log. */
export const readChanges =
  (context: ProgressContext) =>
  async (wanted: ReadChanges, call: Call): Promise<ChangesPage> => {
    const userId = callerIdOf(call)
    if (wanted.since > 0 && wanted.epoch === undefined) {
      const errors = [{ path: '/epoch', message: 'is required when since is not 0' }]
      throw new CairnError('invalid_request', { errors })
    }
    const { state, events, items, tracks } = await find(context, userId, wanted)
    return assemblePage(wanted.since, events, {
      itemOf: key => items.get(itemKeyOf(key)) as ItemState,
      trackOf: trackId => tracks.get(trackId) as TrackState,
      totals: presentTotals(state.totals, state.streak.activeDays),
      streak: presentStreak(state.streak, todayFor(wanted.time_zone, state.streak, context.now())),
      head: { epoch: state.epoch, seq: state.seq },
    })
  }
