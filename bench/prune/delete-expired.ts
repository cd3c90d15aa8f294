// Two ways to delete expired sessions: by the janitor's own run of its job, and by one big DELETE.
import { jobVariables } from '@cairn/janitor/config'
import { runOnce, type JobRun } from '@cairn/janitor/run-once'
import { createLogger, readEnvironment } from '@cairn/runtime'
import pg from 'pg'

export interface Deletion {
  readonly rows: number
  readonly ms: number
  /** How long the longest statement, and with it its locks, took. */
  readonly longestMs: number
}

/** In this process: another one would take a core from what is measured while it starts. */
export const deleteByJanitor = async (natsUrl: string): Promise<Deletion> => {
  const runs: JobRun[] = []
  const logger = createLogger({ service: 'janitor', level: 'error' })
  await runOnce(readEnvironment(jobVariables, {}), {
    natsUrl,
    logger,
    only: 'dead-sessions',
    dryRun: false,
    onRun: run => runs.push(run),
  })
  const [run] = runs
  if (run === undefined || run.failure !== undefined) throw new Error('the janitor failed', { cause: run?.failure })
  const { rows, ms, longest_batch_ms: longestMs } = run.report
  return { rows, ms, longestMs }
}

export const deleteAtOnce = async (databaseUrl: string): Promise<Deletion> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const startedAt = performance.now()
    const { rowCount } = await client.query(
      'DELETE FROM auth.sessions WHERE absolute_expires_at <= now() AND ended_at IS NULL',
    )
    const ms = performance.now() - startedAt
    return { rows: rowCount ?? 0, ms, longestMs: ms }
  } finally {
    await client.end()
  }
}
