// Brings a database to the current schema: one owner after the other, each its numbered migrations in its own schema.
// Any number of runners may start at once: one works, the others poll for the lock and then find nothing to do.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import knexFactory, { type Knex } from 'knex'
import { acquireMigrationLock } from './migration-lock.ts'
import { grantSchema, protectHistory } from './roles.ts'

export interface OwnerSchema {
  readonly schema: string
  /** Directory of `NNNN-what-it-does.ts` files, each exporting `up(knex)`. */
  readonly directory: string
  /** URL the owner's service connects with: its user becomes the role that sees this schema only. */
  readonly serviceUrl: string
}

export interface MigrateOptions {
  /** The migrator's own connection; its user owns the tables. */
  readonly databaseUrl: string
  readonly owners: readonly OwnerSchema[]
  readonly say: (line: string) => void
}

interface MigrationFile {
  readonly name: string
  readonly path: string
}

/** Migrations only go forward: knex wants a `down` all the same. */
const noWayBack = (): Promise<void> => Promise.reject(new Error('migrations only go forward'))

/** Names carry no file extension, so that history stays the same however the files are run. */
const migrationSource = (directory: string): Knex.MigrationSource<MigrationFile> => ({
  getMigrations: async () =>
    (await readdir(directory))
      .filter(file => /^\d{4}-[a-z0-9-]+\.ts$/.test(file))
      .sort()
      .map(file => ({ name: file.replace(/\.ts$/, ''), path: join(directory, file) })),
  getMigrationName: file => file.name,
  getMigration: async file => ({
    down: noWayBack,
    ...((await import(pathToFileURL(file.path).href)) as Pick<Knex.Migration, 'up'>),
  }),
})

const migrateOwner = async (database: Knex, owner: OwnerSchema, say: (line: string) => void): Promise<void> => {
  await database.raw('CREATE SCHEMA IF NOT EXISTS ??', [owner.schema])
  await grantSchema(database, owner)
  const config = {
    migrationSource: migrationSource(owner.directory),
    schemaName: owner.schema,
    tableName: 'migrations',
  }
  // Knex keeps a lock row that a killed runner leaves locked; ours is the advisory lock, so that row means nothing.
  await database.migrate.forceFreeMigrationsLock(config)
  const [, applied] = (await database.migrate.latest(config)) as [number, string[]]
  await protectHistory(database, owner)
  for (const name of applied) say(`${owner.schema}: applied ${name}`)
  if (applied.length === 0) say(`${owner.schema}: up to date`)
}

/** Safe to run twice and at the same time. Rejects with what failed; a failed migration leaves nothing of itself. */
export const migrate = async ({ databaseUrl, owners, say }: MigrateOptions): Promise<void> => {
  const lock = await acquireMigrationLock(databaseUrl, say)
  const database = knexFactory({
    client: 'pg',
    connection: { connectionString: databaseUrl, application_name: 'cairn-migrate' },
    pool: { min: 0, max: 2 },
    log: { error: say, warn: say },
  })
  try {
    for (const owner of owners) await migrateOwner(database, owner, say)
  } finally {
    await database.destroy()
    await lock.release()
  }
}
