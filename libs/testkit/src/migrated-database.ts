// A database on a server of one's own, with the current schema and a role for each owner.
import { join } from 'node:path'
import { deriveServiceUrls, type ServiceUrls } from '@cairn/local'
import { findOwners, migrate } from '@cairn/postgres/migrate'
import pg from 'pg'

export interface MigratedDatabase extends ServiceUrls {
  /** As the migrator. */
  readonly databaseUrl: string
}

const createDatabase = async (serverUrl: string, name: string): Promise<string> => {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(`CREATE DATABASE ${name}`)
  } finally {
    await client.end()
  }
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** `passwordSeed` is what the services' passwords are derived from. */
export const createMigratedDatabase = async (
  root: string,
  { serverUrl, name, passwordSeed }: { serverUrl: string; name: string; passwordSeed: string },
): Promise<MigratedDatabase> => {
  const databaseUrl = await createDatabase(serverUrl, name)
  const urls = deriveServiceUrls(databaseUrl, passwordSeed)
  const environment = { AUTH_DATABASE_URL: urls.authDatabaseUrl, PROGRESS_DATABASE_URL: urls.progressDatabaseUrl }
  const owners = findOwners(join(root, 'services'), databaseUrl, environment)
  await migrate({ databaseUrl, owners, say: () => undefined })
  return { databaseUrl, ...urls }
}
