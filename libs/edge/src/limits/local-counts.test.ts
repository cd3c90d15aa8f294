import { expect, it } from 'vitest'
import { LocalCounts } from './local-counts.ts'

const start = (mostKeys: number) => {
  const clock = { now: 0 }
  return { clock, counts: new LocalCounts({ windowMs: 1_000, mostKeys, now: () => clock.now }) }
}

it('counts in fixed windows, and only looks with 0', () => {
  const { clock, counts } = start(10)
  expect(counts.add('a', 0)).toEqual({ has: 0, leftMs: 1_000 })
  expect(counts.add('a', 2)).toEqual({ has: 2, leftMs: 1_000 })
  clock.now = 400
  expect(counts.add('a', 3)).toEqual({ has: 5, leftMs: 600 })
  expect(counts.add('b', 0).has).toBe(0)
  clock.now = 1_000
  expect(counts.add('a', 1)).toEqual({ has: 1, leftMs: 1_000 })
})

it('with a bound counts what fits, and gives back no more than was counted', () => {
  const { clock, counts } = start(10)
  expect(counts.add('a', 3, 2)).toEqual({ has: 3, leftMs: 1_000 })
  expect(counts.add('a', 2, 2).has).toBe(2)
  expect(counts.add('a', 1, 2).has).toBe(3)
  counts.add('a', -1, 2)
  expect(counts.add('a', 1, 2).has).toBe(2)
  clock.now = 1_000
  counts.add('a', -1, 2)
  expect(counts.add('a', 2, 2).has).toBe(2)
})

it('keeps no more windows than it may: the oldest are forgotten', () => {
  const { clock, counts } = start(3)
  for (const key of ['a', 'b', 'c', 'd']) {
    clock.now += 1
    counts.add(key, 1)
  }
  expect(['a', 'b', 'c', 'd'].map(key => counts.add(key, 0).has)).toEqual([0, 1, 1, 1])
})
