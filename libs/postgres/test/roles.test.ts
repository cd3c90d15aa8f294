// The services' roles, which all databases of a server share: made when they are absent, and otherwise left as they are.
import { migrate, type MigrateOptions, type OwnerSchema } from '@cairn/postgres/migrate'
import { administer, createEmptyDatabase, databaseUrlOf, type EmptyDatabase } from '@cairn/testkit'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { createMigrations, type TemporaryMigrations } from './temporary-migrations.ts'

let database: EmptyDatabase
let migrations: TemporaryMigrations
let role: string
let owner: OwnerSchema
const databases: EmptyDatabase[] = []
const emptyDatabase = async (): Promise<EmptyDatabase> => {
  const made = await createEmptyDatabase()
  databases.push(made)
  return made
}
const ownerAt = ({ url, name }: EmptyDatabase, password: string): OwnerSchema => ({
  schema: 'made',
  directory: migrations.directory,
  serviceUrl: databaseUrlOf(url, name, { user: role, password }),
})

beforeEach(async () => {
  database = await emptyDatabase()
  migrations = await createMigrations()
  role = `role_${database.name}`
  owner = ownerAt(database, 'secret')
  await migrations.write('0001-first', `await knex.raw('CREATE TABLE made.first (id int)')`)
})
afterEach(async () => {
  await Promise.all(databases.splice(0).map(one => one.drop()))
  await administer(inject('backends').databaseUrl, `DROP ROLE IF EXISTS ${role}`)
  await migrations.remove()
})

const run = async (options: Partial<MigrateOptions> = {}): Promise<string[]> => {
  const lines: string[] = []
  await migrate({ databaseUrl: database.url, owners: [owner], say: line => lines.push(line), ...options })
  return lines
}
const failureOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => String(error),
  )
const logIn = async (url: string): Promise<void> => administer(url, 'SELECT 1')

describe('the role of a service', () => {
  it('is made once, however many make it for databases of their own', async () => {
    const others = await Promise.all(Array.from({ length: 6 }, emptyDatabase))
    const runs = others.map(other => run({ databaseUrl: other.url, owners: [ownerAt(other, 'secret')] }))
    expect((await Promise.all(runs)).flat()).toHaveLength(others.length)
  })

  it('takes any password, and keeps no more of it than SCRAM needs', async () => {
    owner = ownerAt(database, 'pa%C3%9Fw%C3%B6rt%C2%A0%EF%AC%81%27%3F%24')
    await run()
    await logIn(owner.serviceUrl)
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const { rows } = await client.query('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [role])
    await client.end()
    expect(rows).toEqual([{ rolpassword: expect.stringMatching(/^SCRAM-SHA-256\$4096:/) }])
  })

  it('keeps its password when another database of the server is migrated with another', async () => {
    await run()
    const staging = await emptyDatabase()
    const other = ownerAt(staging, 'other')
    const failure = await failureOf(run({ databaseUrl: staging.url, owners: [other] }))
    expect(failure).toContain(
      `the role "${role}" exists, and MADE_DATABASE_URL cannot log in as it: password authentication failed`,
    )
    expect(failure).toContain('--set-passwords')
    await logIn(owner.serviceUrl)
    await expect(logIn(other.serviceUrl)).rejects.toThrow('password authentication failed')
  })

  it('gets another password when it is told to', async () => {
    await run()
    owner = ownerAt(database, 'other')
    const unreachable = { ...owner, serviceUrl: owner.serviceUrl.replace(/:\d+\//, ':1/') }
    expect(await run({ owners: [unreachable], setPasswords: true })).toEqual([
      `made: "${role}" has the password of MADE_DATABASE_URL now`,
      'made: up to date',
    ])
    await logIn(owner.serviceUrl)
    const bare = { ...owner, serviceUrl: databaseUrlOf(database.url, database.name, { user: role, password: '' }) }
    const [line] = await run({ owners: [bare], setPasswords: true })
    expect(line).toBe(`made: there is no password for "${role}" in MADE_DATABASE_URL`)
    await logIn(owner.serviceUrl)
  })

  it('that may not log in is said to be so', async () => {
    await run()
    await administer(database.url, `ALTER ROLE ${role} NOLOGIN`)
    await expect(run()).rejects.toThrow('it is not permitted to log in')
    await run({ setPasswords: true })
    await logIn(owner.serviceUrl)
  })

  it.each([
    ['nobody answers at its URL', (): string => owner.serviceUrl.replace(/:\d+\//, ':1/'), 'ECONNREFUSED'],
    ['all its connections are taken', (): string => owner.serviceUrl, 'too many connections for role'],
  ])('is taken for what it is when %s', async (_why, serviceUrl, reason) => {
    await administer(database.url, `CREATE ROLE ${role} LOGIN PASSWORD 'secret' CONNECTION LIMIT 0`)
    const lines = await run({ owners: [{ ...owner, serviceUrl: serviceUrl() }] })
    expect(lines).toEqual([
      expect.stringMatching(`^made: could not see whether MADE_DATABASE_URL is right: .*${reason}`),
      'made: applied 0001-first',
    ])
  })

  it('is not shared by two services, nor with the migrator', async () => {
    const other = { ...owner, schema: 'other' }
    await expect(run({ owners: [owner, other] })).rejects.toThrow(`made and other would connect as one role, "${role}"`)
    await expect(run({ owners: [{ ...owner, serviceUrl: database.url }] })).rejects.toThrow('who owns the tables')
  })

  it('shows its password in no failure', async () => {
    await administer(database.url, `ALTER DATABASE ${database.name} SET default_transaction_read_only = on`)
    owner = ownerAt(database, 'TOPSECRET1')
    for (const setPasswords of [false, true]) {
      const failure = await failureOf(run({ setPasswords }))
      expect(failure).toMatch(/cannot execute (CREATE|ALTER) ROLE in a read-only transaction/)
      expect(failure).not.toMatch(/TOPSECRET1|SCRAM|PASSWORD/)
      await administer(inject('backends').databaseUrl, `DROP ROLE IF EXISTS ${role}; CREATE ROLE ${role}`)
    }
  })
})

describe('a migrator that may not make roles', () => {
  it('says which ones are wanted, and works once they are there', async () => {
    const humble = `humble_${database.name}`
    await administer(
      database.url,
      `CREATE ROLE ${humble} LOGIN PASSWORD 'pw'; GRANT CREATE ON DATABASE ${database.name} TO ${humble}`,
    )
    try {
      const databaseUrl = databaseUrlOf(database.url, database.name, { user: humble, password: 'pw' })
      await expect(run({ databaseUrl })).rejects.toThrow(
        `${humble} may not make or change roles. An administrator has to run:\nCREATE ROLE "${role}" LOGIN PASSWORD`,
      )
      await administer(database.url, `CREATE ROLE ${role} LOGIN PASSWORD 'other'`)
      await expect(run({ databaseUrl, setPasswords: true })).rejects.toThrow(`ALTER ROLE "${role}" LOGIN PASSWORD`)
      await administer(database.url, `ALTER ROLE ${role} PASSWORD 'secret'`)
      expect(await run({ databaseUrl })).toEqual(['made: applied 0001-first'])
    } finally {
      await administer(database.url, `DROP OWNED BY ${humble} CASCADE; DROP ROLE ${humble}`)
    }
  })
})
