// The services' own migrations outside a transaction: each may be cut off between its work and the record of it, and is run again.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findOwners, migrate, readMigrationFiles, type MigrationFile, type OwnerSchema } from '@cairn/postgres/migrate'
import { createEmptyDatabase, type EmptyDatabase } from '@cairn/testkit'
import pg from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'

let database: EmptyDatabase
let pool: pg.Pool
beforeEach(async () => {
  database = await createEmptyDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 1 })
})
afterEach(async () => {
  await pool.end()
  await database.drop()
})

const indexesOf = async ({ schema }: OwnerSchema): Promise<readonly unknown[]> => {
  const { rows } = await pool.query(
    `SELECT indexrelid, indexrelid::regclass::text AS name FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE relnamespace = $1::regnamespace ORDER BY name`,
    [schema],
  )
  return rows
}

const outsideTransactions = async ({ directory }: OwnerSchema): Promise<readonly MigrationFile[]> => {
  const files = await readMigrationFiles(directory)
  const configs = await Promise.all(
    files.map(({ path }) => import(pathToFileURL(path).href) as Promise<{ config?: { transaction?: boolean } }>),
  )
  return files.filter((_file, index) => configs[index]?.config?.transaction === false)
}

it.each(['auth', 'progress'])('those of %s leave indexes that are whole as they are', async service => {
  const services = join(import.meta.dirname, '..', '..', '..', 'services')
  const owner = findOwners(services, database.url, {}).find(({ schema }) => schema === service)
  if (owner === undefined) throw new Error(`${service} has no migrations`)
  const files = await outsideTransactions(owner)
  expect(files).not.toEqual([])
  for (const { name, number } of files) {
    const said: string[] = []
    const run = (): Promise<void> =>
      migrate({ databaseUrl: database.url, owners: [owner], upTo: number, say: line => said.push(line) })
    await run()
    const before = await indexesOf(owner)
    await pool.query(`DELETE FROM ${service}.schema_history WHERE name = $1`, [name])
    await run()
    expect(said.filter(line => line === `${service}: applied ${name}`)).toHaveLength(2)
    expect(await indexesOf(owner)).toEqual(before)
  }
})
