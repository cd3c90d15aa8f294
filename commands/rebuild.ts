// `npm run rebuild -- --user <id> | --all [--dry-run]`: replays logs into what is derived from them, and tells what differed.
// Safe while the stack runs: a user is locked for as long as their log is read.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withLocalStack } from '@cairn/local'
import { createPool } from '@cairn/postgres'
import { rebuild } from '@cairn/progress/rebuild'
import { readEnvironment, variable } from '@cairn/runtime'
import { isUuid } from '@cairn/contracts'

const usage = 'usage: npm run rebuild -- --user <id> | --all [--dry-run]'
const mostShown = 10
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const readArguments = (): { userId?: string; dryRun: boolean } => {
  const options = { user: { type: 'string' }, all: { type: 'boolean' }, 'dry-run': { type: 'boolean' } } as const
  const { values } = parseArgs({ options })
  if ((values.user === undefined) === (values.all === undefined)) throw new Error(usage)
  if (values.user !== undefined && !isUuid(values.user)) throw new Error(`--user has to be a UUID\n${usage}`)
  return { dryRun: values['dry-run'] ?? false, ...(values.user === undefined ? {} : { userId: values.user }) }
}

const run = async (): Promise<void> => {
  const wanted = readArguments()
  const { url } = readEnvironment(
    { url: variable.postgresUrl('PROGRESS_DATABASE_URL', { description: 'the database of progress' }) },
    withLocalStack(join(import.meta.dirname, '..'), process.env),
  )
  const limits = { maxConnections: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 60_000 }
  const pool = createPool({ url, name: 'rebuild', ...limits, onIdleError: () => undefined })
  try {
    const { users, differing } = await rebuild(pool, {
      ...wanted,
      onDifferences: (userId, lines) => {
        say(`user ${userId}: ${lines.length} differences`)
        for (const line of lines.slice(0, mostShown)) say(`  ${line}`)
        if (lines.length > mostShown) say(`  … and ${lines.length - mostShown} more`)
      },
    })
    const outcome = wanted.dryRun ? 'nothing was changed' : 'put right'
    say(`${users} users replayed, ${differing} differed${differing === 0 ? '' : ` (${outcome})`}`)
  } finally {
    await pool.end()
  }
}

try {
  await run()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
