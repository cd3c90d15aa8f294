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
    expect(await runBatches(job, asking, limits)).toEqual({ report: expect.objectContaining(expected) })
  })

  it('stops when its time is spent and says so', async () => {
    const job = jobOf(async () => ({ rows: 10, done: false }))
    const { report } = await runBatches(job, asking, { ...limits, budgetMs: 30 })
    expect(report.complete).toBe(false)
    expect(report.ms).toBeLessThan(2_000)
    expect(report.rows).toBe(report.batches * 10)
  })

  it('asks no more once it is told to stop', async () => {
    const aborter = new AbortController()
    const job = jobOf(async () => (aborter.abort(), { rows: 10, done: false }))
    const { report } = await runBatches(job, asking, { ...limits, signal: aborter.signal })
    expect(report).toMatchObject({ batches: 1, complete: false })
  })

  it('ends with its time or when it is told to, however long the pause', async () => {
    const job = jobOf(async () => ({ rows: 10, done: false }))
    const slow = { ...limits, pauseMs: 60_000 }
    const { report } = await runBatches(job, asking, { ...slow, budgetMs: 50 })
    expect(report).toMatchObject({ batches: 1, complete: false })
    expect(report.ms).toBeLessThan(2_000)
    const stopped = await runBatches(job, asking, { ...slow, signal: AbortSignal.timeout(50) })
    expect(stopped.report).toMatchObject({ batches: 1, complete: false })
    expect(stopped.report.ms).toBeLessThan(2_000)
  })

  it('says what was done before the owner failed', async () => {
    const down = new Error('down')
    let asked = 0
    const job = jobOf(async () => {
      asked += 1
      if (asked === 3) throw down
      return { rows: 10, done: false }
    })
    const { report, failure } = await runBatches(job, asking, limits)
    expect(report).toMatchObject({ rows: 20, batches: 2, complete: false, oldest_left_ms: null })
    expect(failure).toBe(down)
  })
})
