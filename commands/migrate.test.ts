// `npm run migrate` as an operator runs it: as a process, on a database and a NATS of its own.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Bus } from '@cairn/bus'
import {
  administer,
  captureLogs,
  createEmptyDatabase,
  databaseUrlOf,
  startTestBus,
  type EmptyDatabase,
} from '@cairn/testkit'
import { deriveNatsUrl, deriveServiceUrls, freePort } from '@cairn/local'
import { findOwners, serviceUrlVariable } from '@cairn/postgres/migrate'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrateVariables } from './migrate/migrate-variables.ts'

let database: EmptyDatabase
beforeEach(async () => {
  database = await createEmptyDatabase()
})
afterEach(async () => {
  await database.drop()
})

interface Outcome {
  readonly code: number | null
  readonly output: string
}

const runWith = async (changes: Record<string, string>, ...args: string[]): Promise<Outcome> => {
  const { authDatabaseUrl, progressDatabaseUrl } = deriveServiceUrls(database.url, 'tests')
  const env = {
    PATH: process.env['PATH'] ?? '',
    DATABASE_URL: database.url,
    AUTH_DATABASE_URL: authDatabaseUrl,
    PROGRESS_DATABASE_URL: progressDatabaseUrl,
    ...changes,
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'migrate.ts'), ...args], { env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>(resolve => void child.on('close', resolve))
  return { code, output }
}
const run = (...args: string[]): Promise<Outcome> => runWith({}, ...args)

/** As a restored dump has them: from what PostgreSQL says of them, which is not how the migrations wrote them. */
const writeConstraintsAnew = async (client: pg.Client): Promise<void> => {
  const { rows } = await client.query<{ statement: string }>(`
    SELECT format('ALTER TABLE %1$s DROP CONSTRAINT %2$I, ADD CONSTRAINT %2$I %3$s', conrelid::regclass, conname,
      pg_get_constraintdef(oid)) AS statement
    FROM pg_constraint WHERE contype = 'c' AND connamespace::regnamespace::text IN ('auth', 'progress')`)
  expect(rows.length).toBeGreaterThan(20)
  for (const { statement } of rows) await client.query(statement)
}

describe('npm run migrate', () => {
  it('migrates as far as it is told, says where things stand, and finds what was changed by hand', async () => {
    expect(await run('--to', '2')).toMatchObject({ code: 0, output: expect.stringContaining('auth: applied 0002') })
    const behind = await run('status')
    expect(behind.code).toBe(1)
    expect(behind.output).toMatch(/^auth +0002-sessions +applied 20\d\d-/m)
    expect(behind.output).toMatch(/^auth +0003-nonces +pending$/m)
    expect((await run()).code).toBe(0)
    expect((await run('status')).code).toBe(0)
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await writeConstraintsAnew(client)
    expect(await run('status')).toMatchObject({ code: 0 })
    await client.query('ALTER TABLE auth.users ALTER COLUMN email TYPE varchar(320)')
    await client.end()
    const changed = await run('status')
    expect(changed.code).toBe(1)
    expect(changed.output).toContain('+ email character varying(320),')
  }, 60_000)

  it.each([
    [['--to', 'two'], '--to wants the number of a migration'],
    [['--owner', 'gateway'], '--owner is one of auth, progress'],
    [['rollback'], 'there is no such thing to do'],
    [['status', '--owner', 'auth'], 'status takes nothing else'],
    [['status', '--set-passwords'], 'status takes nothing else'],
  ])('refuses %j', async (args, message) => {
    const { code, output } = await run(...args)
    expect(code).toBe(1)
    expect(output).toContain(message)
  })

  it('finds what was changed by hand, whatever it is and however the roles are called', async () => {
    const [auth, progress] = [`x-${database.name}-auth`, `x-${database.name}-progress`]
    const urlAs = (user: string): string => databaseUrlOf(database.url, database.name, { user, password: 'pw' })
    const urls = { AUTH_DATABASE_URL: urlAs(auth), PROGRESS_DATABASE_URL: urlAs(progress) }
    expect((await runWith(urls)).code).toBe(0)
    expect((await runWith(urls, 'status')).code).toBe(0)
    try {
      for (const [change, line] of [
        ['ALTER TABLE auth.outbox DROP COLUMN origin', '    CREATE TABLE auth.outbox (\n  - origin text,\n'],
        ['ALTER TABLE progress.events SET UNLOGGED', '  + CREATE UNLOGGED TABLE progress.events ('],
        ['ALTER TABLE progress.heads ENABLE ROW LEVEL SECURITY', '  + ALTER TABLE progress.heads ENABLE ROW LEVEL'],
        [
          'ALTER TABLE auth.identities DISABLE TRIGGER ALL',
          'auth.identities DISABLE TRIGGER of identities_user_id_fkey',
        ],
        [
          'ALTER SEQUENCE auth.outbox_id_seq MAXVALUE 9 CYCLE',
          '+ id bigint NOT NULL GENERATED ALWAYS AS IDENTITY (MAXV',
        ],
        [`GRANT "${auth}" TO "${progress}"`, '  + GRANT cairn_auth TO cairn_progress;'],
        [`ALTER ROLE "${auth}" CREATEROLE`, '  + ALTER ROLE cairn_auth CREATEROLE;'],
        [`ALTER TABLE auth.nonces OWNER TO "${auth}"`, '  + ALTER TABLE auth.nonces OWNER TO cairn_auth;'],
        [`GRANT SELECT ON progress.days TO "${progress}" WITH GRANT OPTION`, 'TO cairn_progress WITH GRANT OPTION;'],
        ['CREATE RULE r AS ON DELETE TO progress.days DO INSTEAD NOTHING', '  + CREATE RULE r AS'],
        [
          `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'progress.events_item_idx'::regclass`,
          '  + -- the index progress.events_item_idx is not valid',
        ],
      ] as const) {
        await administer(database.url, change)
        const { code, output } = await runWith(urls, 'status')
        expect(code).toBe(1)
        expect(output).toContain(line)
      }
    } finally {
      await administer(
        database.url,
        `DROP OWNED BY "${auth}", "${progress}" CASCADE; DROP ROLE "${auth}", "${progress}"`,
      )
    }
  }, 120_000)

  it.each(['nonsense', 'mysql://a:b@127.0.0.1/x', 'postgres://127.0.0.1/x', 'postgres://a:%zz@127.0.0.1/x'])(
    'names the variable that is %s, and does nothing',
    async url => {
      const { code, output } = await runWith({ PROGRESS_DATABASE_URL: url, DATABASE_URL: `${database.url}%` })
      expect(code).toBe(1)
      expect(output).toContain('DATABASE_URL is malformed: expected a URL starting with postgres://')
      expect(output).toContain('PROGRESS_DATABASE_URL is malformed: expected a URL starting with postgres://')
      expect(output).not.toContain(url)
    },
  )

  it('has a variable for the URL of each owner', () => {
    const owners = findOwners(join(import.meta.dirname, '..', 'services'), 'postgres://a@h/d', {})
    const names = Object.values(migrateVariables).map(variable => variable.name)
    expect(names).toEqual(expect.arrayContaining(owners.map(owner => serviceUrlVariable(owner.schema))))
  })

  it('makes the streams too where it is told of NATS, brings them to their limits, and says where they stand', async () => {
    const server = await startTestBus()
    const bus = await Bus.connect({ url: server.url, name: 'test', logger: captureLogs().loggerFor('test') })
    const ask = async (verb: string, stream: string, body?: object): Promise<{ config?: { max_bytes: number } }> =>
      (await bus.nats.request(`$JS.API.STREAM.${verb}.${stream}`, JSON.stringify(body))).json()
    const sizeOf = async (stream: string) => (await ask('INFO', stream)).config?.max_bytes
    try {
      for (const stream of ['auth_events', 'progress_log', 'incidents']) await ask('DELETE', stream)
      const nats = {
        MIGRATE_NATS_URL: deriveNatsUrl(server.url, 'provisioner'),
        INCIDENT_STREAM_BYTES: '20000000',
        PROGRESS_STREAM_MAX_BYTES: '30000000',
      }
      const before = await runWith(nats, 'status')
      expect(before.output).toMatch(/^streams +progress_log +missing$/m)
      expect(await runWith(nats)).toMatchObject({ code: 0, output: expect.stringContaining('streams: all there') })
      expect(await sizeOf('progress_log')).toBe(30_000_000)
      const after = await runWith(nats, 'status')
      expect(after.output).toMatch(/^streams +progress_erase_user +as configured$/m)
      expect(after.code).toBe(0)
      const smaller = { ...nats, PROGRESS_STREAM_MAX_BYTES: '25000000' }
      expect((await runWith(smaller)).code).toBe(0)
      expect(await sizeOf('progress_log')).toBe(25_000_000)
      const { config: kept } = await ask('INFO', 'progress_log')
      await ask('DELETE', 'progress_log')
      await ask('CREATE', 'progress_log', { ...kept, storage: 'memory' })
      const forgetful = await runWith(smaller, 'status')
      expect(forgetful.output).toMatch(/^streams +progress_log +not as configured: storage$/m)
      expect(forgetful.code).toBe(1)
      const refused = await runWith({ ...smaller, MIGRATE_NATS_WAIT_MS: '0' })
      expect(refused.output).toMatch(/migration failed: streams: progress_log: .*storage/)
      expect(refused.code).toBe(1)
    } finally {
      await bus.drain(0)
      await server.stop()
    }
  }, 120_000)

  it('migrates the database without NATS, and says that nothing was done there', async () => {
    expect(await run()).toMatchObject({ code: 0, output: expect.stringContaining('MIGRATE_NATS_URL is not set') })
    const away = { MIGRATE_NATS_URL: `nats://provisioner:x@127.0.0.1:${await freePort()}`, MIGRATE_NATS_WAIT_MS: '0' }
    const failed = await runWith(away)
    expect(failed).toMatchObject({ code: 1, output: expect.stringMatching(/migration failed: streams: .*refused/) })
    expect((await run('status')).code).toBe(0)
  }, 60_000)
})
