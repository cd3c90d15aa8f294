// When a job runs for the first time.
import { expect, it } from 'vitest'
import { repeat } from './schedule.ts'

const firstRunAfter = async (everyMs: number, firstRunAfterMs: number): Promise<number> => {
  const aborter = new AbortController()
  const startedAt = performance.now()
  let ranAfterMs = Number.NaN
  const run = async (): Promise<void> => {
    ranAfterMs = performance.now() - startedAt
    aborter.abort()
  }
  await repeat({ everyMs, firstRunAfterMs, jitterPercent: 1, run, signal: aborter.signal })
  return ranAfterMs
}

it('leaves others time to start', async () => {
  expect(await firstRunAfter(10_000, 100)).toBeGreaterThanOrEqual(99)
})

it('does not put off a job that runs oftener than that', async () => {
  expect(await firstRunAfter(20, 60_000)).toBeLessThan(10_000)
})
