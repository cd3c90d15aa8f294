import { cleanUpNonces } from '@cairn/contracts'
import { describe, expect, it } from 'vitest'
import type { Job } from './job.ts'
import { runJob } from './run-job.ts'

const job: Job = { name: 'test', operation: cleanUpNonces, batchRows: 10, maxBatches: 5 }
const never = new AbortController().signal

describe('runJob', () => {
  it('asks until fewer rows come back than were asked for', async () => {
    const answers = [10, 10, 3]
    const report = await runJob(job, async () => answers.shift() ?? 0, never)
    expect(report).toMatchObject({ job: 'test', rows: 23, batches: 3, complete: true })
  })

  it('stops at its budget and says so', async () => {
    const report = await runJob(job, async () => 10, never)
    expect(report).toMatchObject({ rows: 50, batches: 5, complete: false })
  })

  it('asks no more once it is told to stop', async () => {
    const aborter = new AbortController()
    const report = await runJob(job, async () => (aborter.abort(), 10), aborter.signal)
    expect(report).toMatchObject({ batches: 1, complete: false })
  })

  it('passes on the failure of the owner', async () => {
    await expect(runJob(job, () => Promise.reject(new Error('down')), never)).rejects.toThrow('down')
  })
})
