// Order statistics, interleaving and tables: what every figure passes through.
import { expect, it } from 'vitest'
import { interleave } from './rounds.ts'
import { median, quantile, rounded, slope } from './statistics.ts'
import { formatTable } from './table.ts'

it('knows medians and quantiles, whatever the order', () => {
  expect(median([5, 1, 3])).toBe(3)
  expect(quantile([4, 3, 2, 1], 0.99)).toBe(4)
  expect(median([])).toBeNaN()
  expect([rounded(123_456), rounded(0.0012345)]).toEqual([123_000, 0.00123])
})

it('knows how much points rise, whatever one of them does', () => {
  const rising = [0, 1, 2, 3, 4, 5, 6].map(x => [x, 10 + 2 * x] as const)
  expect(slope(rising)).toBe(2)
  expect(slope(rising.with(5, [5, 90]))).toBe(2)
})

it('runs every case once a round, each round from another one on, and keeps medians', async () => {
  const order: string[] = []
  const one = (name: string, values: number[]) => async () => {
    order.push(name)
    return { value: values.shift() ?? 0 }
  }
  const medians = await interleave({ a: one('a', [1, 9, 2]), b: one('b', [7, 5, 6]) }, 3, () => undefined)
  expect(order.join('')).toBe('abbaab')
  expect(medians).toEqual({ a: { value: 2 }, b: { value: 6 } })
})

it('aligns a table', () => {
  const lines = formatTable({
    title: 'T',
    columns: ['x', 'rate'],
    rows: [
      ['one', 1.2345, 'n/a'],
      ['two', 22_222, 3],
    ],
  })
  expect(lines).toEqual(['T', '          x  rate', 'one    1.23   n/a', 'two  22,200     3'])
})
