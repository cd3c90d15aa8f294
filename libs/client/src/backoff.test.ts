// Waits stay within their bounds, whatever the attempt, and spread over all of them.
import { describe, expect, it } from 'vitest'
import { backoffMs } from './backoff.ts'

describe('backoffMs', () => {
  it.each([
    [0, 500],
    [1, 1_000],
    [3, 4_000],
    [20, 30_000],
    [10_000, 30_000],
  ])('attempt %i waits anything up to %i ms', (attempt, most) => {
    const waits = Array.from({ length: 500 }, () => backoffMs({ firstMs: 500, mostMs: 30_000 }, attempt))
    expect(Math.max(...waits)).toBeLessThanOrEqual(most)
    expect(Math.max(...waits)).toBeGreaterThan(most * 0.8)
    expect(Math.min(...waits)).toBeLessThan(most * 0.2)
  })
})
