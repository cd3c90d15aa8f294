// `npm run migrate`: brings the database of DATABASE_URL to the current schema. Safe to run twice and at the same time.
import { join } from 'node:path'
import { withLocalStack } from '@cairn/local'
import { findOwners, migrate } from '@cairn/postgres/migrate'
import { ConfigError, readEnvironment, variable } from '@cairn/runtime'

const variables = {
  databaseUrl: variable.postgresUrl('DATABASE_URL', {
    description: 'the database to migrate, as a user that may create roles',
  }),
}
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const root = join(import.meta.dirname, '..')

try {
  const environment = withLocalStack(root, process.env)
  const { databaseUrl } = readEnvironment(variables, environment)
  await migrate({ databaseUrl, owners: findOwners(join(root, 'services'), databaseUrl, environment), say })
} catch (error) {
  const text =
    error instanceof ConfigError
      ? error.message
      : `migration failed: ${error instanceof Error ? error.message : String(error)}`
  process.stderr.write(`${text}\n`)
  process.exitCode = 1
}
