// What the janitor knows of its jobs and of the owners' tables, as metrics.
import type { Metrics } from '@cairn/runtime'
import type { Asking } from './jobs/job.ts'
import type { ScheduledJob } from './jobs/index.ts'
import type { JobReport } from './jobs/run-batches.ts'

interface Figures {
  rows: number
  oldestLeftMs: number
  endedAt: number
}

export interface JobFigures {
  readonly finished: (report: JobReport) => void
  readonly onTables: Asking['onTables']
}

/** Every job is silent from the start of the janitor on, so that one that never runs is seen too. */
export const createJobFigures = (metrics: Metrics, jobs: readonly ScheduledJob[]): JobFigures => {
  const figures = new Map<string, Figures>()
  const tables = new Map<string, { rows: number; bytes: number }>()
  for (const { name, everyMs } of jobs) {
    const own = { rows: 0, oldestLeftMs: 0, endedAt: performance.now() }
    figures.set(name, own)
    const labels = { job_name: name }
    metrics.gauge('cairn.job.rows', () => own.rows, labels)
    metrics.gauge('cairn.job.oldest_left', () => own.oldestLeftMs / 1_000, labels)
    metrics.gauge('cairn.job.silence', () => (performance.now() - own.endedAt) / everyMs, labels)
  }
  return {
    finished: ({ job, rows, oldest_left_ms: oldest }) => {
      const own = figures.get(job)
      if (own !== undefined)
        Object.assign(own, { rows: own.rows + rows, oldestLeftMs: oldest ?? 0, endedAt: performance.now() })
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
