// What is kept continues itself without a gap, and is bounded by number, bytes, age and what the node has to give.
import { describe, expect, it } from 'vitest'
import { RecentBudget, RecentPages, type LivePage } from './recent-pages.ts'

const page = (from_seq: number, to_seq: number, epoch = 'e'): LivePage => ({
  epoch,
  from_seq,
  to_seq,
  frame: { type: 'progress.changed', data: 'x'.repeat(10), context: undefined },
})
const limits = { pages: 3, bytes: 1_000, ageMs: 100 }

describe('RecentPages', () => {
  const keeping = (pages: readonly LivePage[], more: Partial<typeof limits> = {}, budget = new RecentBudget(1_000)) => {
    const recent = new RecentPages({ ...limits, ...more }, budget)
    for (const one of pages) recent.add(one, 0)
    const ranges = (seq: number, epoch = 'e'): string[] | undefined =>
      recent.after({ epoch, seq })?.map(({ from_seq, to_seq }) => `${from_seq}-${to_seq}`)
    return { recent, ranges, budget }
  }

  it('gives what continues a position, and says when it cannot', () => {
    const { ranges } = keeping([page(5, 6), page(7, 7), page(7, 7), page(8, 9)])
    expect([ranges(4), ranges(7), ranges(9)]).toEqual([['5-6', '7-7', '8-9'], ['8-9'], []])
    expect([ranges(3), ranges(5), ranges(10), ranges(7, 'other')]).toEqual([undefined, undefined, undefined, undefined])
    expect(keeping([]).ranges(0)).toBeUndefined()
  })

  it('begins anew after a gap, an overlap and in another epoch', () => {
    for (const next of [page(4, 4), page(2, 3), page(3, 3, 'other')]) {
      const { recent, ranges } = keeping([page(1, 2), next])
      expect(ranges(next.from_seq - 1, next.epoch)).toHaveLength(1)
      expect(recent.after({ epoch: 'e', seq: 0 })).toBeUndefined()
    }
  })

  it('keeps so many, so much, and for so long', () => {
    const five = [1, 2, 3, 4, 5].map(seq => page(seq, seq))
    expect(keeping(five).ranges(2)).toHaveLength(3)
    expect(keeping(five).ranges(1)).toBeUndefined()
    expect(keeping(five, { bytes: 25 }).ranges(3)).toHaveLength(2)
    const { recent, ranges, budget } = keeping(five)
    recent.prune(100)
    expect(ranges(2)).toHaveLength(3)
    recent.prune(101)
    expect([ranges(4), ranges(5), budget.used]).toEqual([undefined, [], 0])
  })

  it('keeps nothing for whom the node has nothing left', () => {
    const budget = new RecentBudget(35)
    const first = keeping([page(1, 1), page(2, 2)], {}, budget)
    const second = keeping([page(1, 1), page(2, 2)], {}, budget)
    expect([first.ranges(0), second.ranges(0), budget.used]).toEqual([['1-1', '2-2'], undefined, 20])
    first.recent.clear()
    second.recent.add(page(3, 3), 0)
    expect([second.ranges(2), budget.used]).toEqual([['3-3'], 10])
  })

  it('knows how far the log goes, whatever it keeps', () => {
    const { recent } = keeping([page(1, 1), page(2, 2)], {}, new RecentBudget(0))
    expect([recent.newest, recent.newestPage]).toEqual([{ epoch: 'e', seq: 2 }, undefined])
    const aged = keeping([page(1, 1)]).recent
    aged.prune(101)
    expect(aged.newest).toEqual({ epoch: 'e', seq: 1 })
    aged.clear()
    expect(aged.newest).toBeUndefined()
  })
})
