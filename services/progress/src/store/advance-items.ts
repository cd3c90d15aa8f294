// Brings the items that a group's events touch to their new state: counts again what a reset cut into, stores.
import type { Pipeline } from '@cairn/postgres'
import { advanceItem, emptyItem, latestReset, leftAfterReset, type Counted, type ItemState } from '../domain/item.ts'
import type { AppliedEvent } from '../domain/progress-event.ts'
import type { ItemChange } from '../domain/track.ts'
import { itemKey, type Stored } from './read-stored.ts'
import { recountItems } from './statements/recount-items.ts'
import { writeItems } from './statements/write-items.ts'

export interface UserEvents {
  readonly userId: string
  readonly applied: readonly AppliedEvent[]
}

export interface UserItemChange extends ItemChange {
  readonly userId: string
}

interface TouchedItem {
  readonly userId: string
  readonly before: ItemState
  readonly events: AppliedEvent[]
  readonly resetAtMs: number | null
  readonly left: Counted | 'recount'
}

const eventsByItem = (logs: readonly UserEvents[]): Map<string, { userId: string; events: AppliedEvent[] }> => {
  const byItem = new Map<string, { userId: string; events: AppliedEvent[] }>()
  for (const { userId, applied } of logs) {
    for (const event of applied) {
      const key = itemKey(userId, event)
      const found = byItem.get(key)
      if (found === undefined) byItem.set(key, { userId, events: [event] })
      else found.events.push(event)
    }
  }
  return byItem
}

const touchedItems = (logs: readonly UserEvents[], stored: Stored['items']): TouchedItem[] =>
  [...eventsByItem(logs)].map(([key, { userId, events }]) => {
    const before = stored.get(key) ?? emptyItem(events[0] as AppliedEvent)
    const resetAtMs = latestReset(before.resetAtMs, events)
    return { userId, before, events, resetAtMs, left: leftAfterReset(before, resetAtMs) }
  })

const recount = async (pipeline: Pipeline, touched: readonly TouchedItem[]): Promise<Map<TouchedItem, Counted>> => {
  const cut = touched.filter(item => item.left === 'recount')
  if (cut.length === 0) return new Map()
  const wanted = cut.map(({ userId, before, resetAtMs }) => ({
    userId,
    trackId: before.trackId,
    itemId: before.itemId,
    resetAtMs: resetAtMs as number,
  }))
  const counted = await recountItems(pipeline, wanted)
  return new Map(cut.map((item, index) => [item, counted[index] as Counted]))
}

/** Stores and answers each touched item's change. Has to come before the events are inserted: a recount reads the log. */
export const advanceItems = async (
  pipeline: Pipeline,
  logs: readonly UserEvents[],
  stored: Stored['items'],
): Promise<readonly UserItemChange[]> => {
  const touched = touchedItems(logs, stored)
  const recounted = await recount(pipeline, touched)
  const changes = touched.map(item => {
    const left = item.left === 'recount' ? (recounted.get(item) as Counted) : item.left
    const after = advanceItem({ key: item.before, left, resetAtMs: item.resetAtMs }, item.events)
    return { userId: item.userId, before: item.before, after }
  })
  const rows = changes.map(({ userId, after }) => ({ userId, item: after }))
  pipeline.send(writeItems(pipeline, rows))
  return changes
}
