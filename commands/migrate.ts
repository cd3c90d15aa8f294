// `npm run migrate`: brings the database of DATABASE_URL to the current schema, and the streams of MIGRATE_NATS_URL, where that is
// set, to their limits. Safe to run twice and at the same time. `-- --to <number> [--owner <schema>]` goes no further, and is about
// the database alone; `-- --set-passwords` gives roles that are there the password of their URL; `-- status` changes nothing, and
// exits 1 unless all is what it should be.
import { join } from 'node:path'
import { withLocalStack } from '@cairn/local'
import { findOwners, migrate, readMigrationStatus } from '@cairn/postgres/migrate'
import { ConfigError, readEnvironment } from '@cairn/runtime'
import { liveDrift } from './migrate/live-drift.ts'
import { readMigrateArguments } from './migrate/migrate-arguments.ts'
import { migrateVariables } from './migrate/migrate-variables.ts'
import { isCurrent, statusLines } from './migrate/print-status.ts'
import { migrateStreams, reportStreams } from './migrate/streams.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const root = join(import.meta.dirname, '..')

const run = async (): Promise<void> => {
  const environment = withLocalStack(root, process.env)
  const config = readEnvironment(migrateVariables, environment)
  const { databaseUrl, authDatabaseUrl, progressDatabaseUrl, statementTimeoutMs, lockTimeoutMs, waitMs } = config
  const owners = findOwners(join(root, 'services'), databaseUrl, {
    AUTH_DATABASE_URL: authDatabaseUrl,
    PROGRESS_DATABASE_URL: progressDatabaseUrl,
  })
  const schemas = owners.map(one => one.schema)
  const { status, upTo, owner, setPasswords } = readMigrateArguments(process.argv.slice(2), schemas)
  if (!status) {
    const wanted = owners.filter(one => owner === undefined || one.schema === owner)
    const limits = { statementTimeoutMs, lockTimeoutMs, waitMs, ...(upTo === undefined ? {} : { upTo }) }
    await migrate({ databaseUrl, owners: wanted, ...limits, setPasswords, say })
    if (upTo === undefined && owner === undefined) await migrateStreams(config, say)
    return
  }
  const states = await readMigrationStatus(databaseUrl, owners)
  for (const line of statusLines(states)) say(line)
  const whole = states.every(one => one.migrations.every(({ state }) => state === 'applied'))
  const drift = whole ? await liveDrift(root, databaseUrl, owners) : []
  for (const line of drift) say(line)
  const streams = await reportStreams(config)
  for (const line of streams.lines) say(line)
  if (!isCurrent(states) || drift.length > 0 || !streams.areCurrent) process.exitCode = 1
}

try {
  await run()
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${error instanceof ConfigError ? message : `migration failed: ${message}`}\n`)
  process.exitCode = 1
}
