// What a service finds before it uses its schema: nothing yet, not enough, enough, something else, or too many rights.
import { join } from 'node:path'
import { createPool, createSchemaGate, isPassing, waitForSchema } from '@cairn/postgres'
import { migrate, type OwnerSchema } from '@cairn/postgres/migrate'
import { createEmptyDatabase, databaseUrlOf, type EmptyDatabase } from '@cairn/testkit'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const directory = join(import.meta.dirname, 'fixtures', 'first')
let database: EmptyDatabase
let owner: OwnerSchema
let pool: pg.Pool

const poolAt = (url: string, place = directory): pg.Pool =>
  createPool({
    url,
    name: 'test',
    maxConnections: 2,
    connectTimeoutMs: 2_000,
    statementTimeoutMs: 2_000,
    gate: createSchemaGate({ schema: 'first', directory: place }),
    onIdleError: () => undefined,
  })
const migrateUpTo = (upTo: number): Promise<void> =>
  migrate({ databaseUrl: database.url, owners: [owner], upTo, say: () => undefined })
const administer = async (statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(statement)
  await client.end()
}

beforeEach(async () => {
  database = await createEmptyDatabase()
  const role = `role_${database.name}`
  const serviceUrl = databaseUrlOf(database.url, database.name, { user: role, password: 'secret' })
  owner = { schema: 'first', directory, serviceUrl }
  await administer(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
  pool = poolAt(serviceUrl)
})
afterEach(async () => {
  await pool.end()
  await administer(`DROP OWNED BY role_${database.name}; DROP ROLE role_${database.name}`)
  await database.drop()
})

describe('a service', () => {
  it('waits for its schema, and says what is missing', async () => {
    const told: string[] = []
    const waiting = waitForSchema(pool, error => told.push(error.message))
    const failure: unknown = await pool.query('SELECT 1').catch((error: unknown) => error)
    expect(isPassing(failure)).toBe(true)
    await migrateUpTo(1)
    await expect(pool.query('SELECT 1')).rejects.toThrow('the schema first lacks 0002-outbox: run npm run migrate')
    await migrateUpTo(2)
    await waiting
    expect(told).toEqual(['the schema first lacks 0001-things, 0002-outbox: run npm run migrate'])
    expect((await pool.query('SELECT 1')).rowCount).toBe(1)
  })

  it('does not wait for a database that cannot be reached', async () => {
    const nowhere = poolAt('postgresql://nobody@127.0.0.1:9/nothing')
    await expect(waitForSchema(nowhere, () => undefined)).resolves.toBeUndefined()
    await nowhere.end()
  })

  it('refuses a schema whose migrations are not its own', async () => {
    await migrateUpTo(2)
    await administer(`UPDATE first.schema_history SET checksum = 'other' WHERE name = '0001-things'`)
    await expect(waitForSchema(pool, () => undefined)).rejects.toThrow('0001-things was edited')
  })

  it('refuses to connect as somebody who can change the schema', async () => {
    await migrateUpTo(2)
    const asOwner = poolAt(database.url)
    await expect(waitForSchema(asOwner, () => undefined)).rejects.toThrow('who can change the schema')
    await asOwner.end()
  })

  it('takes a schema that is ahead of it', async () => {
    await migrateUpTo(2)
    await administer(`INSERT INTO first.schema_history (name, checksum) VALUES ('0003-later', 'x')`)
    await expect(waitForSchema(pool, () => undefined)).resolves.toBeUndefined()
    expect((await pool.query('SELECT 1')).rowCount).toBe(1)
  })
})
