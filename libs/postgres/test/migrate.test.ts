// The migration runner on a real server: again, at once, failing, and what the service's role may then do.
import { join } from 'node:path'
import { createPool } from '@cairn/postgres'
import { findOwners, migrate, type OwnerSchema } from '@cairn/postgres/migrate'
import { createEmptyDatabase, databaseUrlOf, type EmptyDatabase } from '@cairn/testkit'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const fixtures = join(import.meta.dirname, 'fixtures')
let database: EmptyDatabase
beforeEach(async () => {
  database = await createEmptyDatabase()
})
afterEach(async () => {
  await database.drop()
})

const ownerOf = (schema: string, role = `role_${database.name}`): OwnerSchema => ({
  schema,
  directory: join(fixtures, schema),
  serviceUrl: databaseUrlOf(database.url, database.name, { user: role, password: "a'b?c" }),
})
const run = async (...owners: OwnerSchema[]): Promise<string[]> => {
  const lines: string[] = []
  await migrate({ databaseUrl: database.url, owners, say: line => lines.push(line) })
  return lines
}
const query = async (url: string, statement: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}

describe('migrate', () => {
  it('applies what is missing, and nothing the second time', async () => {
    expect(await run(ownerOf('first'))).toEqual(['first: applied 0001-things', 'first: applied 0002-outbox'])
    expect(await run(ownerOf('first'))).toEqual(['first: up to date'])
  })

  it('by ten runners at once applies everything once', async () => {
    const runs = await Promise.all(Array.from({ length: 10 }, () => run(ownerOf('first'))))
    expect(runs.flat().filter(line => line.includes('applied'))).toHaveLength(2)
  })

  it('leaves nothing of a migration that fails', async () => {
    await expect(run(ownerOf('broken'))).rejects.toThrow('division by zero')
    expect(await query(database.url, `SELECT to_regclass('broken.half') AS found`)).toEqual([{ found: null }])
  })

  it('gives the service its schema and no other', async () => {
    const first = ownerOf('first')
    await run(first)
    await query(database.url, 'CREATE SCHEMA other; CREATE TABLE other.secrets (id int)')
    await query(first.serviceUrl, `INSERT INTO first.things (name) VALUES ('x')`)
    expect(await query(first.serviceUrl, 'SELECT name FROM first.things')).toEqual([{ name: 'x' }])
    await expect(query(first.serviceUrl, 'SELECT * FROM other.secrets')).rejects.toThrow('permission denied')
    expect(await query(first.serviceUrl, 'SELECT name FROM first.schema_history')).toHaveLength(2)
    await expect(query(first.serviceUrl, 'DELETE FROM first.schema_history')).rejects.toThrow('permission denied')
    await expect(query(first.serviceUrl, 'DROP TABLE first.things')).rejects.toThrow('must be owner')
    await expect(query(first.serviceUrl, 'CREATE TABLE first.mine (id int)')).rejects.toThrow('permission denied')
    await query(database.url, `DROP OWNED BY role_${database.name}; DROP ROLE role_${database.name}`)
  })
})

describe('findOwners', () => {
  it('takes URLs from the environment and derives the rest', () => {
    const servicesDirectory = join(import.meta.dirname, '..', '..', '..', 'services')
    const owners = findOwners(servicesDirectory, 'postgresql://admin:pw@h/db', {
      AUTH_DATABASE_URL: 'postgresql://a:b@h/db',
    })
    expect(owners.map(({ schema, serviceUrl }) => [schema, serviceUrl])).toEqual([
      ['auth', 'postgresql://a:b@h/db'],
      ['progress', 'postgresql://cairn_progress@h/db'],
    ])
  })
})

describe('createPool', () => {
  it('reads int8 as numbers and dates as text, and ends a statement that runs too long', async () => {
    const pool = createPool({
      url: database.url,
      name: 'test',
      maxConnections: 1,
      connectTimeoutMs: 5_000,
      statementTimeoutMs: 100,
      onIdleError: () => undefined,
    })
    const { rows } = await pool.query("SELECT 2::int8 AS n, DATE '2026-03-01' AS d")
    expect(rows).toEqual([{ n: 2, d: '2026-03-01' }])
    await expect(pool.query('SELECT pg_sleep(5)')).rejects.toThrow(/timeout/)
    await pool.end()
  })
})
