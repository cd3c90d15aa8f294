// Migrations that are edited, cut off, locked out, half wanted or kept by knex before; and runners that are killed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { migrate, readMigrationStatus, type MigrateOptions, type OwnerSchema } from '@cairn/postgres/migrate'
import { createEmptyDatabase, databaseUrlOf, eventually, type EmptyDatabase } from '@cairn/testkit'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMigrations, type TemporaryMigrations } from './temporary-migrations.ts'

let database: EmptyDatabase
let migrations: TemporaryMigrations
let owner: OwnerSchema
let role: string
const pools: pg.Pool[] = []
const open = (url: string): pg.Pool => {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  pool.on('error', () => undefined)
  pools.push(pool)
  return pool
}

beforeEach(async () => {
  database = await createEmptyDatabase()
  migrations = await createMigrations()
  role = `role_${database.name}`
  const serviceUrl = databaseUrlOf(database.url, database.name, { user: role, password: 'secret' })
  owner = { schema: 'made', directory: migrations.directory, serviceUrl }
  await migrations.write('0001-first', `await knex.raw('CREATE TABLE made.first (id int)')`)
})
afterEach(async () => {
  await open(database.url)
    .query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    .catch(() => undefined)
  for (const pool of pools.splice(0)) await pool.end()
  await database.drop()
  await migrations.remove()
})

const run = async (options: Partial<MigrateOptions> = {}): Promise<string[]> => {
  const lines: string[] = []
  await migrate({ databaseUrl: database.url, owners: [owner], say: line => lines.push(line), ...options })
  return lines
}
const statesNow = async (): Promise<Record<string, string>> => {
  const [status] = await readMigrationStatus(database.url, [owner])
  return Object.fromEntries((status?.migrations ?? []).map(one => [one.name, one.state]))
}

describe('a migration', () => {
  it('that was edited after it was applied is refused, and nothing else is done', async () => {
    await run()
    await migrations.write('0001-first', `await knex.raw('CREATE TABLE made.first (id bigint)')`)
    await migrations.write('0002-second', `await knex.raw('CREATE TABLE made.second (id int)')`)
    await expect(run()).rejects.toThrow('made: 0001-first was edited after it was applied')
    expect(await statesNow()).toEqual({ '0001-first': 'edited', '0002-second': 'pending' })
  })

  it('with the number of another is refused', async () => {
    await migrations.write('0001-other', '')
    await expect(run()).rejects.toThrow('0001-first.ts and 0001-other.ts')
  })

  it('is applied up to the wanted number, the rest later', async () => {
    await migrations.write('0002-second', '')
    await migrations.write('0003-third', '')
    expect(await statesNow()).toEqual({ '0001-first': 'pending', '0002-second': 'pending', '0003-third': 'pending' })
    expect(await run({ upTo: 2 })).toEqual(['made: applied 0001-first', 'made: applied 0002-second'])
    expect(await statesNow()).toEqual({ '0001-first': 'applied', '0002-second': 'applied', '0003-third': 'pending' })
    expect(await run()).toEqual(['made: applied 0003-third'])
  })

  it('that cannot have its lock lets others by and tries again', async () => {
    await run()
    await migrations.write('0002-second', `await knex.raw('ALTER TABLE made.first ADD COLUMN more int')`)
    const holder = await open(database.url).connect()
    await holder.query('BEGIN; LOCK TABLE made.first')
    const running = run({ lockTimeoutMs: 100 })
    const looker = open(database.url)
    await eventually(async () => {
      const { rows } = await looker.query(`SELECT 1 FROM pg_stat_database WHERE datname = $1 AND xact_rollback > 0`, [
        database.name,
      ])
      expect(rows).toHaveLength(1)
    })
    await holder.query('COMMIT')
    holder.release()
    expect(await running).toEqual(['made: applied 0002-second'])
  })

  it('that runs too long is ended', async () => {
    await migrations.write('0001-first', `await knex.raw('SELECT pg_sleep(30)')`)
    await expect(run({ statementTimeoutMs: 100 })).rejects.toThrow('statement timeout')
  })

  it('outside a transaction waits for old snapshots as long as a statement may run, since nobody waits behind it', async () => {
    await migrations.write(
      '0002-index',
      `await knex.raw('CREATE INDEX CONCURRENTLY IF NOT EXISTS first_id ON made.first (id)')`,
      'export const config = { transaction: false }',
    )
    await migrations.write(
      '0003-limit',
      `await knex.raw("CREATE TABLE made.second AS SELECT current_setting('lock_timeout') AS most")`,
    )
    await run({ upTo: 1 })
    const holder = await open(database.url).connect()
    await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1')
    const running = run({ lockTimeoutMs: 100 })
    const looker = open(database.url)
    await eventually(async () => {
      const { rows } = await looker.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND query LIKE 'CREATE INDEX%' AND wait_event = 'virtualxid'
          AND clock_timestamp() - query_start > interval '500 ms'`,
        [database.name],
      )
      expect(rows).toHaveLength(1)
    })
    await holder.query('COMMIT')
    holder.release()
    expect(await running).toEqual(['made: applied 0002-index', 'made: applied 0003-limit'])
    expect((await looker.query('SELECT most FROM made.second')).rows).toEqual([{ most: '100ms' }])
  })

  it('outside a transaction replaces the index that a cut-off build left invalid', async () => {
    await migrations.write(
      '0002-index',
      `await knex.raw('CREATE INDEX CONCURRENTLY IF NOT EXISTS first_id ON made.first (id)')`,
      'export const config = { transaction: false }',
    )
    await run({ upTo: 1 })
    const admin = open(database.url)
    await admin.query('CREATE INDEX first_id ON made.first (id)')
    await admin.query(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'made.first_id'::regclass`)
    await run()
    const { rows } = await admin.query(`SELECT indisvalid FROM pg_index WHERE indexrelid = 'made.first_id'::regclass`)
    expect(rows).toEqual([{ indisvalid: true }])
  })
})

describe('a runner', () => {
  it('that is killed half-way leaves nothing half done, and the next one finishes', async () => {
    await migrations.write('0002-slow', `await knex.raw('CREATE TABLE made.second (id int); SELECT pg_sleep(30)')`)
    const script = join(import.meta.dirname, 'fixtures', 'run-migrations.ts')
    const args = [script, database.url, owner.schema, owner.directory, owner.serviceUrl]
    const child = spawn(process.execPath, args, { stdio: 'ignore' })
    const exited = once(child, 'exit')
    const admin = open(database.url)
    await eventually(async () => {
      const { rows } = await admin.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND query LIKE '%pg_sleep(30)' AND state = 'active' AND pid <> pg_backend_pid()`,
        [database.name],
      )
      expect(rows).toHaveLength(1)
    }, 10_000)
    child.kill('SIGKILL')
    await exited
    await migrations.write('0002-slow', `await knex.raw('CREATE TABLE made.second (id int)')`)
    expect((await run()).at(-1)).toBe('made: applied 0002-slow')
    expect(await statesNow()).toEqual({ '0001-first': 'applied', '0002-slow': 'applied' })
  })

  it('takes over the history that knex kept', async () => {
    const admin = open(database.url)
    await admin.query(`CREATE SCHEMA made; CREATE TABLE made.first (id int);
      CREATE TABLE made.migrations (id serial PRIMARY KEY, name varchar(255), batch int, migration_time timestamptz);
      CREATE TABLE made.migrations_lock (index serial PRIMARY KEY, is_locked int);
      INSERT INTO made.migrations (name, batch, migration_time) VALUES ('0001-first', 1, now())`)
    expect(await run()).toEqual(['made: up to date'])
    expect(await statesNow()).toEqual({ '0001-first': 'applied' })
    const { rows } = await admin.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'made' ORDER BY 1`)
    expect(rows).toEqual([{ tablename: 'first' }, { tablename: 'schema_history' }])
  })

  it('that loses its connection ends, rather than go on without the lock', async () => {
    const admin = open(database.url)
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
    const end = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
      WHERE datname = $1 AND application_name = 'cairn-migrate'`
    // Where the service would connect: tried while the migrator's own connection idles.
    const server = createServer(socket => {
      void admin.query(end, [database.name]).then(() => socket.destroy())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const serviceUrl = new URL(owner.serviceUrl)
    serviceUrl.port = String((server.address() as AddressInfo).port)
    try {
      await expect(run({ owners: [{ ...owner, serviceUrl: serviceUrl.href }] })).rejects.toThrow(
        'the connection was lost',
      )
    } finally {
      server.close()
    }
    expect(await statesNow()).toEqual({ '0001-first': 'pending' })
  })
})
