// Pages that follow each other, as one.
import type { ChangesPage, Item, Track } from '@cairn/contracts'
import { expect, it } from 'vitest'
import { mergePages } from './merge-pages.ts'

const pageOf = (seq: number, points: number): ChangesPage =>
  ({
    epoch: 'e',
    from_seq: seq,
    to_seq: seq,
    events: [{ seq }],
    items: [{ track_id: 't', item_id: `i${seq % 2}`, points } as Item],
    tracks: [{ track_id: 't', points } as Track],
    totals: { points },
    streak: { current: seq },
    head: { epoch: 'e', seq: 9 },
    has_more: true,
  }) as unknown as ChangesPage

it('has all events in their order, and the latest state of what they touched', () => {
  const pages = [pageOf(4, 10), pageOf(5, 20), pageOf(6, 30)] as const
  expect(mergePages(3, pages, pages[2])).toMatchObject({
    from_seq: 4,
    to_seq: 6,
    events: [{ seq: 4 }, { seq: 5 }, { seq: 6 }],
    items: [
      { item_id: 'i0', points: 30 },
      { item_id: 'i1', points: 20 },
    ],
    tracks: [{ points: 30 }],
    totals: { points: 30 },
    streak: { current: 6 },
    head: { epoch: 'e', seq: 6 },
    has_more: false,
  })
})

it('is empty, with the latest totals, when nothing was missed', () => {
  const empty = mergePages(6, [], pageOf(6, 30))
  expect(empty).toMatchObject({ from_seq: 7, to_seq: 6, events: [], items: [], tracks: [], totals: { points: 30 } })
})
