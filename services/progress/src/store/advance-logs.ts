// Stores what has been added to logs and everything that follows from it, for all users of a group at once: one statement
// per table. The rules are the domain's; here things are only fetched, handed over and stored.
import type { CommittedMessage } from '@cairn/bus'
import { logAdvancedSubject } from '@cairn/contracts'
import type { Pipeline } from '@cairn/postgres'
import { originOf, type RequestContext } from '@cairn/runtime'
import { changesMessageId } from '../domain/changes-message-id.ts'
import { assemblePages, itemKeyOf } from '../domain/changes-page.ts'
import type { ItemState } from '../domain/item.ts'
import type { LogState } from '../domain/log-state.ts'
import { presentStreak, todayOf } from '../domain/streak.ts'
import { advanceTotals, presentTotals } from '../domain/totals.ts'
import type { TrackState } from '../domain/track.ts'
import { advanceItems, type UserEvents, type UserItemChange } from './advance-items.ts'
import { advanceStreaks } from './advance-streaks.ts'
import { advanceTracks, type UserTrackChange } from './advance-tracks.ts'
import type { Stored } from './read-stored.ts'
import { fillOutbox, type NewMessage } from './statements/fill-outbox.ts'
import { insertEvents } from './statements/insert-events.ts'
import { writeHeads } from './statements/write-heads.ts'

/** A locked log and what is added to it in this transaction: at least one event. */
export interface AdvancedLog extends UserEvents {
  readonly before: LogState
  /** The last that added to it. */
  readonly request?: RequestContext | undefined
}

interface UserChanges {
  readonly items: readonly UserItemChange[]
  readonly tracks: readonly UserTrackChange[]
}

const messagesOf = (log: AdvancedLog, after: LogState, changes: UserChanges & { nowMs: number }): NewMessage[] => {
  const items = new Map(changes.items.map(change => [itemKeyOf(change.after), change.after]))
  const tracks = new Map(changes.tracks.map(change => [change.after.trackId, change.after]))
  const pages = assemblePages(log.applied, {
    itemOf: key => items.get(itemKeyOf(key)) as ItemState,
    trackOf: trackId => tracks.get(trackId) as TrackState,
    totals: presentTotals(after.totals, after.streak.activeDays),
    streak: presentStreak(after.streak, todayOf(after.streak, changes.nowMs)),
    head: { epoch: after.epoch, seq: after.seq },
  })
  const origin = log.request === undefined ? null : originOf(log.request)
  const idAt = (seq: number): string => changesMessageId(log.userId, { epoch: after.epoch, seq })
  return pages.map(page => ({
    subject: logAdvancedSubject(log.userId),
    message_id: idAt(page.to_seq),
    follows: idAt(page.from_seq - 1),
    payload: JSON.stringify(page),
    origin,
  }))
}

/**
 * `nowMs` dates the streak in what is pushed. What is stored is sent, not waited for. Resolves with what is put into the
 * outbox: it is in there once the transaction is committed.
 */
export const advanceLogs = async (
  pipeline: Pipeline,
  logs: readonly AdvancedLog[],
  { stored, nowMs }: { stored: Stored; nowMs: number },
): Promise<readonly CommittedMessage[]> => {
  const items = await advanceItems(pipeline, logs, stored.items)
  const tracks = await advanceTracks(pipeline, { logs, items }, stored.tracks)
  const streaks = await advanceStreaks(pipeline, logs, stored.activeDays)
  const events = logs.flatMap(({ userId, applied }) => applied.map(event => ({ userId, event })))
  pipeline.send(insertEvents(pipeline, events))
  const itemsByUser = Map.groupBy(items, change => change.userId)
  const tracksByUser = Map.groupBy(tracks, change => change.userId)
  const advanced = logs.map(log => {
    const changes = { items: itemsByUser.get(log.userId) ?? [], tracks: tracksByUser.get(log.userId) ?? [] }
    const after: LogState = {
      epoch: log.before.epoch,
      seq: log.before.seq + log.applied.length,
      totals: advanceTotals(log.before.totals, changes),
      streak: streaks.get(log.userId) ?? log.before.streak,
    }
    return { userId: log.userId, state: after, messages: messagesOf(log, after, { ...changes, nowMs }) }
  })
  pipeline.send(writeHeads(pipeline, advanced))
  const filled: CommittedMessage[] = []
  const messages = advanced.flatMap(one => one.messages)
  pipeline.send(fillOutbox(pipeline, messages).then(rows => filled.push(...rows)))
  return filled
}
