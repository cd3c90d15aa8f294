// What a service finds before it uses its schema: nothing yet, not enough, enough, something else, or too many rights.
import { join } from 'node:path'
import { createPool, createSchemaGate, isPassing, waitForSchema } from '@cairn/postgres'
import { migrate, type OwnerSchema } from '@cairn/postgres/migrate'
import {
  administer as runAsAdministrator,
  createEmptyDatabase,
  databaseUrlOf,
  eventually,
  type EmptyDatabase,
} from '@cairn/testkit'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'

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
const administer = (statement: string): Promise<void> => runAsAdministrator(database.url, statement)

const role = (): string => `role_${database.name}`
const named = (statement: string): string => statement.replaceAll('$me', role()).replaceAll('$other', other())
/** A second one, made by the tests that need it. */
const other = (): string => `other_${database.name}`

beforeEach(async () => {
  database = await createEmptyDatabase()
  const serviceUrl = databaseUrlOf(database.url, database.name, { user: role(), password: 'secret' })
  owner = { schema: 'first', directory, serviceUrl }
  await administer(`CREATE ROLE ${role()} LOGIN PASSWORD 'secret'`)
  pool = poolAt(serviceUrl)
})
afterEach(async () => {
  await pool.end()
  await database.drop()
  await runAsAdministrator(inject('backends').databaseUrl, `DROP ROLE IF EXISTS ${role()}, ${other()}`)
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

  it('waits until its schema is open to it', async () => {
    const elsewhere = {
      ...owner,
      serviceUrl: databaseUrlOf(database.url, database.name, { user: other(), password: '' }),
    }
    await migrate({ databaseUrl: database.url, owners: [elsewhere], say: () => undefined })
    const told: string[] = []
    const waiting = waitForSchema(pool, error => told.push(error.message))
    await eventually(() => expect(told).toEqual([`the schema first is not open to ${role()} yet: run npm run migrate`]))
    await migrateUpTo(2)
    await waiting
  })

  it('does not wait for a database that cannot be reached', async () => {
    const nowhere = poolAt('postgresql://nobody@127.0.0.1:9/nothing')
    await expect(waitForSchema(nowhere, () => undefined)).resolves.toBeUndefined()
    await nowhere.end()
  })

  it('does not start with a login that is refused', async () => {
    const url = databaseUrlOf(database.url, database.name, { user: role(), password: 'another' })
    const refused = poolAt(url)
    await expect(waitForSchema(refused, () => undefined)).rejects.toThrow('password authentication failed')
    await refused.end()
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

  it.each([
    ['owns a table', 'ALTER TABLE first.things OWNER TO $me', 'owns first.things'],
    ['may create in it', 'GRANT CREATE ON SCHEMA first TO $me', 'may create in first'],
    ['may make roles', 'ALTER ROLE $me CREATEROLE', 'may make roles'],
    [
      'may become the owner',
      'ALTER ROLE $me NOINHERIT; GRANT $other TO $me; ALTER SCHEMA first OWNER TO $other',
      'owns first',
    ],
  ])('refuses to connect as a role that %s', async (_what, change, reason) => {
    await migrateUpTo(2)
    await administer(`CREATE ROLE ${other()}; ${named(change)}`)
    const expected = `first connects as ${role()}, who can change the schema (${reason}): give it a role of its own`
    await expect(waitForSchema(pool, () => undefined)).rejects.toThrow(expected)
  })

  it.each([
    ['a member of another service’s role', 'GRANT $other TO $me'],
    ['given its schema', 'GRANT USAGE ON SCHEMA second TO $me'],
    ['in a group of readers', 'GRANT pg_read_all_data TO $me'],
  ])('refuses to connect as a role that is %s', async (_what, change) => {
    await migrateUpTo(2)
    await administer(`CREATE ROLE ${other()}; CREATE SCHEMA second;
      CREATE TABLE second.schema_history (LIKE first.schema_history);
      GRANT USAGE ON SCHEMA second TO ${other()}`)
    await expect(waitForSchema(pool, () => undefined)).resolves.toBeUndefined()
    await administer(named(change))
    const again = poolAt(owner.serviceUrl)
    const expected = `first connects as ${role()}, who can use the schema of another service (second): give it a role of its own`
    await expect(waitForSchema(again, () => undefined)).rejects.toThrow(expected)
    await again.end()
  })

  it('is not kept from a schema that only has a table of that name', async () => {
    await migrateUpTo(2)
    await administer(
      named(`CREATE SCHEMA second; GRANT USAGE ON SCHEMA second TO $me;
      CREATE TABLE second.schema_history (version text, checksum text, applied_at timestamptz)`),
    )
    await expect(waitForSchema(pool, () => undefined)).resolves.toBeUndefined()
  })

  it('takes a schema that is ahead of it', async () => {
    await migrateUpTo(2)
    await administer(`INSERT INTO first.schema_history (name, checksum) VALUES ('0003-later', 'x')`)
    await expect(waitForSchema(pool, () => undefined)).resolves.toBeUndefined()
    expect((await pool.query('SELECT 1')).rowCount).toBe(1)
  })
})
