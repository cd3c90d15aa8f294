// The role a service connects with: it reads and writes the rows of its own schema and can do nothing else.
import type { Knex } from 'knex'
import pg from 'pg'
import type { OwnerSchema } from './migrate.ts'

const duplicateObject = '42710'
const uniqueViolation = '23505'

/** Roles belong to the whole server, so another database's migrator may be making the same one right now. */
const createRole = async (database: Knex, role: string): Promise<void> => {
  const { rows } = await database.raw<{ rows: unknown[] }>('SELECT 1 FROM pg_roles WHERE rolname = ?', [role])
  if (rows.length > 0) return
  try {
    await database.raw('CREATE ROLE ?? LOGIN', [role])
  } catch (error) {
    const code = error instanceof pg.DatabaseError ? error.code : undefined
    if (code !== duplicateObject && code !== uniqueViolation) throw error
  }
}

/** The record of what has been migrated is the migrator's alone. */
export const protectHistory = async (database: Knex, { schema, serviceUrl }: OwnerSchema): Promise<void> => {
  const role = decodeURIComponent(new URL(serviceUrl).username)
  const { rows } = await database.raw<{ rows: { name: string }[] }>('SELECT current_user AS name')
  if (rows[0]?.name === role) return
  for (const table of ['migrations', 'migrations_lock']) {
    await database.raw('REVOKE ALL ON ??.?? FROM ??', [schema, table, role])
  }
}

const passwordWorks = async (serviceUrl: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: serviceUrl, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Creates the service's role if need be, gives it the URL's password, and opens this schema to it. */
export const grantSchema = async (database: Knex, { schema, serviceUrl }: OwnerSchema): Promise<void> => {
  const { username, password } = new URL(serviceUrl)
  const role = decodeURIComponent(username)
  const { rows } = await database.raw<{ rows: { name: string }[] }>('SELECT current_user AS name')
  if (rows[0]?.name === role) return
  await createRole(database, role)
  if (password !== '' && !(await passwordWorks(serviceUrl))) {
    const literal = pg.escapeLiteral(decodeURIComponent(password))
    await database.raw(`ALTER ROLE ?? LOGIN PASSWORD ${literal.replaceAll('?', String.raw`\?`)}`, [role])
  }
  await database.raw('GRANT USAGE ON SCHEMA ?? TO ??', [schema, role])
  const rights = [
    ['SELECT, INSERT, UPDATE, DELETE', 'TABLES'],
    ['USAGE, SELECT', 'SEQUENCES'],
  ] as const
  for (const [right, objects] of rights) {
    await database.raw(`GRANT ${right} ON ALL ${objects} IN SCHEMA ?? TO ??`, [schema, role])
    await database.raw(`ALTER DEFAULT PRIVILEGES IN SCHEMA ?? GRANT ${right} ON ${objects} TO ??`, [schema, role])
  }
}
