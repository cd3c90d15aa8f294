// `npm run migrate`: brings the database of DATABASE_URL to the current schema. Safe to run twice and at the same time.
import { join } from 'node:path'
import { findOwners, migrate } from '@cairn/postgres/migrate'
import { ConfigError, readEnvironment, variable } from '@cairn/runtime'

const variables = {
  databaseUrl: variable.postgresUrl('DATABASE_URL', {
    description: 'the database to migrate, as a user that may create roles',
  }),
}
const say = (line: string): void => void process.stdout.write(`${line}\n`)

try {
  const { databaseUrl } = readEnvironment(variables, process.env)
  const services = join(import.meta.dirname, '..', 'services')
  await migrate({ databaseUrl, owners: findOwners(services, databaseUrl, process.env), say })
} catch (error) {
  const text =
    error instanceof ConfigError
      ? error.message
      : `migration failed: ${error instanceof Error ? error.message : String(error)}`
  process.stderr.write(`${text}\n`)
  process.exitCode = 1
}
