// What the janitor knows of its jobs and of the owners' tables, as metrics.
import type { Metrics } from '@cairn/runtime'
import type { Asking } from './jobs/job.ts'
import type { ScheduledJob } from './jobs/index.ts'
import type { JobRun } from './jobs/run-batches.ts'

interface Figures {
  rows: number
  batches: number
  longestBatchMs: number
  complete: boolean
  oldestLeftMs: number
  /** When it last got through. */
  throughAt: number
}

export interface JobFigures {
  readonly finished: (run: JobRun) => void
  readonly onTables: Asking['onTables']
}

/** Every job is silent from the start of the janitor on, so that one that never runs is seen too. */
export const createJobFigures = (metrics: Metrics, jobs: readonly ScheduledJob[]): JobFigures => {
  const figures = new Map<string, Figures>()
  const tables = new Map<string, { rows: number; bytes: number }>()
  for (const { name, everyMs } of jobs) {
    const own: Figures = {
      rows: 0,
      batches: 0,
      longestBatchMs: 0,
      complete: false,
      oldestLeftMs: 0,
      throughAt: performance.now(),
    }
    figures.set(name, own)
    const labels = { job_name: name }
    metrics.gauge('cairn.job.rows', () => own.rows, labels)
    metrics.gauge('cairn.job.batches', () => own.batches, labels)
    metrics.gauge('cairn.job.longest_batch', () => own.longestBatchMs / 1_000, labels)
    metrics.gauge('cairn.job.complete', () => (own.complete ? 1 : 0), labels)
    metrics.gauge('cairn.job.oldest_left', () => own.oldestLeftMs / 1_000, labels)
    metrics.gauge('cairn.job.silence', () => (performance.now() - own.throughAt) / everyMs, labels)
  }
  return {
    finished: ({ report, failure }) => {
      const own = figures.get(report.job)
      if (own === undefined) return
      own.rows += report.rows
      own.batches += report.batches
      own.longestBatchMs = report.longest_batch_ms
      own.complete = report.complete
      // After a failure it is not known.
      if (failure === undefined) own.oldestLeftMs = report.oldest_left_ms ?? 0
      if (report.complete) own.throughAt = performance.now()
    },
    onTables: (owner, seen) => {
      for (const { name, rows, bytes } of seen) {
        const table = `${owner}.${name}`
        if (!tables.has(table)) {
          metrics.gauge('cairn.table.rows', () => tables.get(table)?.rows ?? 0, { table })
          metrics.gauge('cairn.table.size', () => tables.get(table)?.bytes ?? 0, { table })
        }
        tables.set(table, { rows, bytes })
      }
    },
  }
}
