// The record of what has been applied, one table per schema. The service may read it, to know whether it fits; only the
// migrator writes. A record that knex kept before is taken over: its names with the checksums of today's files.
import type { Knex } from 'knex'
import type { AppliedMigration } from './judge-history.ts'
import type { MigrationFile } from './migration-files.ts'

/** Not input: part of the code. */
export const historyTable = 'schema_history'

export const readHistory = async (database: Knex, schema: string): Promise<readonly AppliedMigration[]> => {
  const { rows } = await database.raw<{ rows: AppliedMigration[] }>(
    'SELECT name, checksum, applied_at FROM ??.?? ORDER BY name',
    [schema, historyTable],
  )
  return rows
}

export const hasTable = async (database: Knex, schema: string, table: string): Promise<boolean> => {
  const found = 'SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = ? AND tablename = ?'
  return (await database.raw<{ rows: unknown[] }>(found, [schema, table])).rows.length > 0
}

export const recordMigration = async (database: Knex, schema: string, file: MigrationFile): Promise<void> => {
  const insert = 'INSERT INTO ??.?? (name, checksum) VALUES (?, ?)'
  await database.raw(insert, [schema, historyTable, file.name, file.checksum])
}

const takeOverFromKnex = async (database: Knex, schema: string, files: readonly MigrationFile[]): Promise<void> => {
  if (!(await hasTable(database, schema, 'migrations_lock'))) return
  for (const { name, checksum } of files) {
    await database.raw(
      'INSERT INTO ??.?? (name, checksum, applied_at) SELECT name, ?, migration_time FROM ??.migrations WHERE name = ?',
      [schema, historyTable, checksum, schema, name],
    )
  }
  await database.raw('DROP TABLE ??.migrations, ??.migrations_lock', [schema, schema])
}

/** Creates schema and record if need be, both or none. */
export const openHistory = async (database: Knex, schema: string, files: readonly MigrationFile[]): Promise<void> => {
  await database.transaction(async transaction => {
    await transaction.raw('CREATE SCHEMA IF NOT EXISTS ??', [schema])
    if (await hasTable(transaction, schema, historyTable)) return
    await transaction.raw(
      `CREATE TABLE ??.?? (
        name text CONSTRAINT ${historyTable}_pkey PRIMARY KEY,
        checksum text NOT NULL,
        applied_at timestamptz(3) NOT NULL DEFAULT now()
      )`,
      [schema, historyTable],
    )
    await takeOverFromKnex(transaction, schema, files)
  })
}
