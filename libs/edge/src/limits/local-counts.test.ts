import { expect, it } from 'vitest'
import { LocalCounts } from './local-counts.ts'

const start = (mostKeys: number) => {
  const clock = { now: 0 }
  return { clock, counts: new LocalCounts({ windowMs: 1_000, mostKeys, now: () => clock.now }) }
}

it('counts in fixed windows, and only looks with 0', () => {
  const { clock, counts } = start(10)
  expect(counts.add('a', 0)).toEqual({ consumed: 0, msBeforeEnd: 1_000 })
  expect(counts.add('a', 2)).toEqual({ consumed: 2, msBeforeEnd: 1_000 })
  clock.now = 400
  expect(counts.add('a', 3)).toEqual({ consumed: 5, msBeforeEnd: 600 })
  expect(counts.add('b', 0).consumed).toBe(0)
  clock.now = 1_000
  expect(counts.add('a', 1)).toEqual({ consumed: 1, msBeforeEnd: 1_000 })
})

it('keeps no more windows than it may: the oldest are forgotten', () => {
  const { clock, counts } = start(3)
  for (const key of ['a', 'b', 'c', 'd']) {
    clock.now += 1
    counts.add(key, 1)
  }
  expect(['a', 'b', 'c', 'd'].map(key => counts.add(key, 0).consumed)).toEqual([0, 1, 1, 1])
})
