// A job that asks an owner to delete what is due, until less is deleted than was asked for.
import type { CleanUpBatch, CleanUpResult, Operation } from '@cairn/contracts'
import type { JobName } from './job-times.ts'
import type { Job } from './job.ts'

export const cleanUpJob = (name: JobName, operation: Operation<typeof CleanUpBatch, typeof CleanUpResult>): Job => ({
  name,
  step: async ({ ask, batchRows }, dryRun) => {
    const { deleted, due } = await ask(operation, { limit: batchRows, dry_run: dryRun })
    return dryRun ? { rows: due?.rows ?? 0, done: true } : { rows: deleted, done: deleted < batchRows }
  },
  oldestLeftMs: async ({ ask }) => (await ask(operation, { limit: 1, dry_run: true })).due?.oldest_ms ?? null,
})
