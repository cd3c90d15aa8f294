// One migration: its changes and the record of it are committed together. One that says `config = { transaction: false }`, for
// CREATE INDEX CONCURRENTLY, is not; it stands alone in its file and says IF NOT EXISTS, so that it can be run again. It waits for all
// transactions older than itself, a backup's too, and nobody waits behind it: only the longest run of a statement bounds that.
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Knex } from 'knex'
import pg from 'pg'
import { recordMigration } from './history.ts'
import type { MigrationFile } from './migration-files.ts'

interface Migration {
  readonly up: (knex: Knex) => Promise<void>
  readonly config?: { readonly transaction?: boolean }
}

const lockNotAvailable = '55P03'
const attempts = 10
const retryMs = 500

/** What a build of an index that was cut off left behind; IF NOT EXISTS would take it for the index. */
const dropInvalidIndexes = async (database: Knex, schema: string): Promise<void> => {
  const { rows } = await database.raw<{ rows: { name: string }[] }>(
    `SELECT c.relname AS name FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
      WHERE NOT i.indisvalid AND c.relnamespace = ?::regnamespace`,
    [schema],
  )
  for (const { name } of rows) await database.raw('DROP INDEX CONCURRENTLY ??.??', [schema, name])
}

const applyOnce = async (database: Knex, schema: string, file: MigrationFile): Promise<void> => {
  const { up, config } = (await import(pathToFileURL(file.path).href)) as Migration
  if (config?.transaction === false) {
    await database.raw('SET lock_timeout = 0')
    await dropInvalidIndexes(database, schema)
    await up(database)
    await database.raw('RESET lock_timeout')
    await recordMigration(database, schema, file)
    return
  }
  await database.transaction(async transaction => {
    await up(transaction)
    await recordMigration(transaction, schema, file)
  })
}

/**
 * In a transaction it waits for a lock only as long as `lock_timeout` says, since everybody else waits behind it; then it lets them
 * by and tries again.
 */
export const applyMigration = async (database: Knex, schema: string, file: MigrationFile): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await applyOnce(database, schema, file)
      return
    } catch (error) {
      const locked = error instanceof pg.DatabaseError && error.code === lockNotAvailable
      if (!locked || attempt === attempts) throw error
      await sleep(retryMs)
    }
  }
}
