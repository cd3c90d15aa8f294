// Brings a database to the current schema: one owner after the other, each its numbered migrations in its own schema.
// Any number of runners may start at once: one works, the others poll for the lock and then find nothing to do.
import type { Knex } from 'knex'
import { applyMigration } from './apply-migration.ts'
import { openHistory, readHistory } from './history.ts'
import { historyFaults, judgeHistory } from './judge-history.ts'
import { readMigrationFiles, type MigrationFile } from './migration-files.ts'
import { acquireMigrationLock } from './migration-lock.ts'
import { withMigratorConnection, type MigratorLimits } from './migrator-connection.ts'
import { ensureRoles, grantSchema } from './roles.ts'

export interface OwnerSchema {
  readonly schema: string
  /** Directory of `NNNN-what-it-does.ts` files, each exporting `up(knex)`. */
  readonly directory: string
  /** URL the owner's service connects with: its user becomes the role that sees this schema only. */
  readonly serviceUrl: string
}

export interface MigrateOptions extends Partial<MigratorLimits> {
  /** The migrator's own connection; its user owns the tables. */
  readonly databaseUrl: string
  readonly owners: readonly OwnerSchema[]
  /** Apply no migration with a greater number. */
  readonly upTo?: number
  /** Gives roles that are there the password of their URL; default no: it is for the whole server. */
  readonly setPasswords?: boolean
  /** Longest wait for another runner. */
  readonly waitMs?: number
  readonly say: (line: string) => void
}

const defaults = { statementTimeoutMs: 900_000, lockTimeoutMs: 5_000, waitMs: 300_000, setPasswords: false }

/** Throws when history and files do not belong together. */
const findPending = async (
  database: Knex,
  schema: string,
  files: readonly MigrationFile[],
): Promise<readonly MigrationFile[]> => {
  const judged = judgeHistory(files, await readHistory(database, schema))
  const faults = historyFaults(schema, judged)
  if (faults.length > 0) throw new Error(faults.join('\n'))
  const pending = new Set(judged.filter(one => one.state === 'pending').map(one => one.name))
  return files.filter(file => pending.has(file.name))
}

const migrateOwner = async (
  database: Knex,
  owner: OwnerSchema,
  { say, upTo = Infinity }: Pick<MigrateOptions, 'say' | 'upTo'>,
): Promise<void> => {
  const files = await readMigrationFiles(owner.directory)
  await openHistory(database, owner.schema, files)
  const pending = (await findPending(database, owner.schema, files)).filter(file => file.number <= upTo)
  for (const file of pending) {
    await applyMigration(database, owner.schema, file)
    say(`${owner.schema}: applied ${file.name}`)
  }
  // Last, so that whatever was created is meant too; and again each time, so that a run that was cut off is made good.
  await grantSchema(database, owner)
  if (pending.length === 0) say(`${owner.schema}: up to date`)
}

/** Safe to run twice and at the same time. Rejects with what failed; a failed migration leaves nothing of itself. */
export const migrate = (options: MigrateOptions): Promise<void> => {
  const { owners, say, ...rest } = { ...defaults, ...options }
  return withMigratorConnection(rest, async (database, client) => {
    await acquireMigrationLock(client, { waitMs: rest.waitMs, say })
    await ensureRoles(client, owners, { setPasswords: rest.setPasswords, say })
    for (const owner of owners) await migrateOwner(database, owner, { say, ...rest })
  })
}
