// What is written down of the schema, on copies of the repository with something changed by hand; and that every way to the
// current schema ends at the same one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readCatalogue, schemaText } from '@cairn/postgres/catalogue'
import { findOwners, migrate, readMigrationFiles } from '@cairn/postgres/migrate'
import { administer, createEmptyDatabase, databaseUrlOf, type EmptyDatabase } from '@cairn/testkit'
import { deriveServiceUrls } from '@cairn/local'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkMigrationChecksums } from './migration-checksums.ts'
import { schemaFile } from './schema-document.ts'
import { checkSchemaDrift } from './schema-drift.ts'
import { knownEnums } from './schema-enums.ts'

const root = join(import.meta.dirname, '..', '..')
const owned = ['auth', 'progress'] as const
const noEvents = 'services/progress/src/migrations/0001-create-progress.ts'
const newMigration = (statement: string): string =>
  `export const up = async knex => { await knex.raw(${JSON.stringify(statement)}) }\n`

let databases: EmptyDatabase[] = []
const emptyDatabase = async (): Promise<EmptyDatabase> => {
  const database = await createEmptyDatabase()
  databases.push(database)
  return database
}
let copy: string
beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), 'cairn-copy-'))
  await mkdir(join(copy, 'deploy'))
  for (const file of ['migrations.sha256', 'schema.sql'])
    await cp(join(root, 'deploy', file), join(copy, 'deploy', file))
  for (const owner of owned) {
    const source = join('services', owner, 'src')
    for (const part of ['migrations', 'generated']) {
      await cp(join(root, source, part), join(copy, source, part), { recursive: true })
    }
  }
  await cp(join(root, '.prettierrc.json'), join(copy, '.prettierrc.json'))
})
afterEach(async () => {
  await Promise.all(databases.map(database => database.drop()))
  databases = []
  await rm(copy, { recursive: true })
})
const change = async (file: string, from: string, to: string): Promise<void> => {
  const text = await readFile(join(copy, file), 'utf8')
  expect(text).toContain(from)
  await writeFile(join(copy, file), text.replace(from, to))
}
const drift = async (enums = knownEnums): Promise<string> => {
  const { url } = await emptyDatabase()
  return (await checkSchemaDrift(copy, { write: false, databaseUrl: url, enums })).join('\n')
}

describe('the check of the schema', () => {
  it('passes an unchanged copy', async () => {
    expect(await checkMigrationChecksums(copy, { write: false })).toEqual([])
    expect(await drift()).toBe('')
  })

  it('fails on an edited old migration, and does not write over what it was', async () => {
    await change(noEvents, 'char_length(track_id) BETWEEN 1 AND 128', 'char_length(track_id) BETWEEN 1 AND 256')
    const [fault] = await checkMigrationChecksums(copy, { write: true })
    expect(fault).toContain(`${noEvents} was edited`)
    expect(await drift()).toContain('deploy/schema.sql is not what the migrations make')
  })

  it('fails on a migration that is gone, and takes a new one only when it is told to', async () => {
    await rm(join(copy, 'services/auth/src/migrations/0009-codes-of-deleted-accounts.ts'))
    await writeFile(join(copy, 'services/auth/src/migrations/0099-new.ts'), newMigration('SELECT 1'))
    const [gone, added] = await checkMigrationChecksums(copy, { write: false })
    expect(gone).toContain('0009-codes-of-deleted-accounts.ts is gone')
    expect(added).toContain('0099-new.ts is not in deploy/migrations.sha256')
    expect(await checkMigrationChecksums(copy, { write: true })).toHaveLength(1)
    expect(await checkMigrationChecksums(copy, { write: false })).toHaveLength(1)
  })

  it('fails on a column that was changed by hand, wherever it is written', async () => {
    await change(schemaFile, '  display_name text,', '  display_name varchar(128),')
    expect(await drift()).toContain('+ display_name text,')
    await change('services/auth/src/generated/rows.ts', 'readonly email: string | null', 'readonly email: string')
    expect(await drift()).toContain('services/auth/src/generated/rows.ts is not what the migrations make')
  })

  it.each([
    ['ALTER TABLE progress.events SET UNLOGGED', '+ CREATE UNLOGGED TABLE progress.events ('],
    ['ALTER TABLE progress.outbox ALTER COLUMN id SET MAXVALUE 1000 SET CYCLE', 'IDENTITY (MAXVALUE 1000 CYCLE),'],
  ])('fails on a migration that says %s', async (statement, line) => {
    await writeFile(join(copy, 'services/progress/src/migrations/0099-other.ts'), newMigration(statement))
    expect(await drift()).toContain(line)
  })

  it('leaves the roles of the server as they are', async () => {
    const { url, name } = await emptyDatabase()
    const admin = `admin_${name}`
    await administer(
      url,
      `CREATE ROLE ${admin} CREATEROLE LOGIN PASSWORD 'other'; GRANT CREATE ON DATABASE ${name} TO ${admin}`,
    )
    const rolesNow = async (): Promise<unknown[]> => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      const { rows } = await client.query(
        `SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'cairn%' OR rolname LIKE 'check%' ORDER BY rolname`,
      )
      await client.end()
      return rows
    }
    const before = await rolesNow()
    const databaseUrl = databaseUrlOf(url, name, { user: admin, password: 'other' })
    expect(await checkSchemaDrift(copy, { write: false, databaseUrl })).toEqual([])
    expect(await rolesNow()).toEqual(before)
    await administer(url, `DROP OWNED BY ${admin}; DROP ROLE ${admin}`)
  })

  it('fails on a value of an enum that was added in one place only: the database', async () => {
    const statement = "ALTER TYPE progress.event_kind ADD VALUE 'skipped'"
    await writeFile(join(copy, 'services/progress/src/migrations/0099-skipped.ts'), newMigration(statement))
    const found = await drift()
    expect(found).toContain(
      'progress.event_kind is started, advanced, completed, practiced, reset, skipped in the database',
    )
    expect(found).toContain('services/progress/src/generated/rows.ts is not what the migrations make')
  })

  it('fails on a value of an enum that was added in one place only: the contract', async () => {
    const enums = { ...knownEnums, 'auth.device_platform': ['ios', 'android', 'web', 'watch', 'other'] }
    expect(await drift(enums)).toBe(
      'auth.device_platform is ios, android, web, other in the database and ios, android, web, watch, other in the contract',
    )
  })

  it('fails on an enum that the contract does not know', async () => {
    const { 'progress.item_status': _status, ...enums } = knownEnums
    expect(await drift(enums)).toContain('progress.item_status has no counterpart')
  })
})

const ownersAt = (databaseUrl: string) => {
  const { authDatabaseUrl, progressDatabaseUrl } = deriveServiceUrls(databaseUrl, 'tests')
  const environment = { AUTH_DATABASE_URL: authDatabaseUrl, PROGRESS_DATABASE_URL: progressDatabaseUrl }
  return findOwners(join(root, 'services'), databaseUrl, environment)
}
const migrateUpTo = (databaseUrl: string, upTo: number): Promise<void> =>
  migrate({ databaseUrl, owners: ownersAt(databaseUrl), upTo, say: () => undefined })
/** `npm run migrate` as a process of its own; resolves with whether it was killed, rather than done. */
const migrateUntilKilled = async (databaseUrl: string, migrations: number): Promise<boolean> => {
  const { authDatabaseUrl, progressDatabaseUrl } = deriveServiceUrls(databaseUrl, 'tests')
  const urls = {
    DATABASE_URL: databaseUrl,
    AUTH_DATABASE_URL: authDatabaseUrl,
    PROGRESS_DATABASE_URL: progressDatabaseUrl,
  }
  const child = spawn(process.execPath, [join(root, 'commands', 'migrate.ts')], {
    env: { ...process.env, ...urls },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let applied = 0
  for await (const line of createInterface(child.stdout)) {
    if (line.includes(': applied ')) applied += 1
    if (applied === migrations) child.kill('SIGKILL')
  }
  const [, signal] = (await exited) as [number | null, string | null]
  return signal === 'SIGKILL'
}
const schemaAt = async (databaseUrl: string): Promise<string> =>
  schemaText(await readCatalogue(databaseUrl, { schemas: owned }))

describe('the schema', () => {
  it('is the same from an empty database, from every earlier version, migrated twice and by ten at once', async () => {
    const written = (await readFile(join(root, schemaFile), 'utf8')).split('\n').slice(3).join('\n')
    const { url } = await emptyDatabase()
    const versions = (await Promise.all(ownersAt(url).map(owner => readMigrationFiles(owner.directory)))).flat()
    const last = Math.max(...versions.map(one => one.number))
    expect(last).toBeGreaterThan(8)
    for (let version = 0; version <= last; version += 1) {
      const database = await emptyDatabase()
      await migrateUpTo(database.url, version)
      await Promise.all(Array.from({ length: version === 0 ? 10 : 2 }, () => migrateUpTo(database.url, Infinity)))
      expect(await schemaAt(database.url)).toBe(written)
    }
  }, 120_000)

  it('is the same after runners that were killed, each after its second migration', async () => {
    const written = (await readFile(join(root, schemaFile), 'utf8')).split('\n').slice(3).join('\n')
    const { url } = await emptyDatabase()
    let kills = 0
    for (let left = true; left; kills += 1) left = await migrateUntilKilled(url, 2)
    expect(kills).toBeGreaterThan(4)
    await migrateUpTo(url, Infinity)
    expect(await schemaAt(url)).toBe(written)
  }, 120_000)

  it('is valid SQL that makes the same schema again, brackets aside', async () => {
    const bare = (sql: string): string => sql.replaceAll(/[()]/g, '')
    const database = await emptyDatabase()
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const text = await readFile(join(root, schemaFile), 'utf8')
    await client.query(text)
    await client.end()
    expect(bare(text).endsWith(bare(await schemaAt(database.url)))).toBe(true)
  })
})
