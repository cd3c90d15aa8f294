// `npm run new-epoch`: the last step of restoring a backup. Every client starts again from a snapshot.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withLocalStack } from '@cairn/local'
import { createPool } from '@cairn/postgres'
import { startNewEpoch } from '@cairn/progress/new-epoch'
import { readEnvironment, variable } from '@cairn/runtime'

try {
  // It takes no arguments, and does nothing when it is given some: `--help` is no wish for a new epoch.
  parseArgs({ options: {} })
  const { url } = readEnvironment(
    { url: variable.postgresUrl('PROGRESS_DATABASE_URL', { description: 'the database of progress' }) },
    withLocalStack(join(import.meta.dirname, '..'), process.env),
  )
  const limits = { maxConnections: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 5_000 }
  const pool = createPool({ url, name: 'new-epoch', ...limits, onIdleError: () => undefined })
  try {
    process.stdout.write(`new epoch ${await startNewEpoch(pool)}\n`)
  } finally {
    await pool.end()
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
