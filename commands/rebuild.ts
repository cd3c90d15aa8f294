// `npm run rebuild -- --user <id> | --all [--dry-run]`: replays logs into what is derived from them, and tells what differed.
// Safe while the stack runs: a user is locked for as long as their log is read.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withLocalStack } from '@cairn/local'
import { createPool } from '@cairn/postgres'
import { rebuild, type RebuiltUser } from '@cairn/progress/rebuild'
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
  return {
    dryRun: values['dry-run'] ?? false,
    ...(values.user === undefined ? {} : { userId: values.user.toLowerCase() }),
  }
}

const tell = (userId: string, { differences, holes }: RebuiltUser): void => {
  if (differences.length > 0) say(`user ${userId}: ${differences.length} differences`)
  for (const line of differences.slice(0, mostShown)) say(`  ${line}`)
  if (differences.length > mostShown) say(`  … and ${differences.length - mostShown} more`)
  for (const { fromSeq, toSeq } of holes) {
    say(`user ${userId}: the log has no event ${fromSeq}${toSeq > fromSeq ? ` to ${toSeq}` : ''}; only a backup has`)
  }
}

/** Resolves with whether all is as it should be now. */
const run = async (): Promise<boolean> => {
  const wanted = readArguments()
  const { url } = readEnvironment(
    { url: variable.postgresUrl('PROGRESS_DATABASE_URL', { description: 'the database of progress' }) },
    withLocalStack(join(import.meta.dirname, '..'), process.env),
  )
  const limits = { maxConnections: 1, connectTimeoutMs: 5_000, statementTimeoutMs: 60_000 }
  const settings = { lock_timeout: '5s' }
  const pool = createPool({ url, name: 'rebuild', ...limits, settings, onIdleError: () => undefined })
  try {
    const { users, differing, damaged, failed } = await rebuild(pool, {
      ...wanted,
      onFound: tell,
      onFailure: (userId, error) => {
        say(`user ${userId}: could not be rebuilt: ${error instanceof Error ? error.message : String(error)}`)
      },
    })
    if (wanted.userId !== undefined && users + failed === 0) say(`nothing is known of user ${wanted.userId}`)
    const outcome = wanted.dryRun ? 'nothing was changed' : 'put right: their phones start from a snapshot again'
    say(`${users} users replayed, ${differing} differed${differing === 0 ? '' : ` (${outcome})`}`)
    if (damaged > 0) say(`${damaged} logs are not whole`)
    if (failed > 0) say(`${failed} users could not be rebuilt; run it again for them`)
    return (users > 0 || wanted.userId === undefined) && damaged + failed === 0
  } finally {
    await pool.end()
  }
}

try {
  if (!(await run())) process.exitCode = 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
