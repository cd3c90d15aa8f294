import { describe, expect, it } from 'vitest'
import type { Asking, Job, Step } from './job.ts'
import { runBatches } from './run-batches.ts'

const asking = {} as Asking
const limits = { budgetMs: 5_000, pauseMs: 0, dryRun: false, signal: new AbortController().signal }
const jobOf = (step: Step, oldest: number | null = null): Job => ({
  name: 'dead-sessions',
  step,
  oldestLeftMs: async () => oldest,
})

describe('runBatches', () => {
  it('asks until nothing is left, and says how old the oldest is that stays', async () => {
    const answers = [10, 10, 3]
    const job = jobOf(async () => ({ rows: answers.shift() ?? 0, done: answers.length === 0 }), 7.4)
    const expected = { job: 'dead-sessions', rows: 23, batches: 3, complete: true, oldest_left_ms: 7 }
    expect(await runBatches(job, asking, limits)).toMatchObject(expected)
  })

  it('stops when its time is spent and says so', async () => {
    const job = jobOf(async () => ({ rows: 10, done: false }))
    const report = await runBatches(job, asking, { ...limits, budgetMs: 30 })
    expect(report.complete).toBe(false)
    expect(report.ms).toBeLessThan(2_000)
    expect(report.rows).toBe(report.batches * 10)
  })

  it('asks no more once it is told to stop', async () => {
    const aborter = new AbortController()
    const job = jobOf(async () => (aborter.abort(), { rows: 10, done: false }))
    const report = await runBatches(job, asking, { ...limits, signal: aborter.signal })
    expect(report).toMatchObject({ batches: 1, complete: false })
  })

  it('passes on the failure of the owner', async () => {
    const job = jobOf(() => Promise.reject(new Error('down')))
    await expect(runBatches(job, asking, limits)).rejects.toThrow('down')
  })
})
