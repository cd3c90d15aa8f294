// Runs jobs once, now, for an operator: on the same bus and by the same requests as the janitor.
import { Bus } from '@cairn/bus'
import type { Logger } from '@cairn/runtime'
import { createAsking } from './asking.ts'
import type { JobConfig } from './config.ts'
import { jobsOf } from './jobs/index.ts'
import { runBatches, type JobRun } from './jobs/run-batches.ts'

export type { JobRun } from './jobs/run-batches.ts'

export interface Once {
  readonly natsUrl: string
  readonly logger: Logger
  /** All of them when undefined. */
  readonly only: string | undefined
  readonly dryRun: boolean
  readonly onRun: (run: JobRun) => void
}

/** Goes on with the next job when one fails; a run has no budget. Throws for a job that there is not, and without NATS. */
export const runOnce = async (config: JobConfig, once: Once): Promise<void> => {
  const jobs = jobsOf(config)
  const wanted = jobs.filter(job => once.only === undefined || job.name === once.only)
  if (wanted.length === 0) throw new Error(`there is no such job; there are: ${jobs.map(job => job.name).join(', ')}`)
  const { natsUrl: url, logger } = once
  const bus = await Bus.connect({ url, name: 'janitor-once', logger, connectWithinMs: config.connectTimeoutMs })
  const asking = createAsking(bus, config, () => undefined)
  const limits = {
    pauseMs: config.pauseMs,
    budgetMs: Infinity,
    dryRun: once.dryRun,
    signal: new AbortController().signal,
  }
  try {
    for (const job of wanted) once.onRun(await runBatches(job, asking, limits))
  } finally {
    await bus.drain(0)
  }
}
