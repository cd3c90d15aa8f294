// The roles services connect with: each reads and writes the rows of its own schema and can do nothing else. Roles belong to
// the whole server, so migrators of other databases may be making the same ones right now.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Knex } from 'knex'
import pg from 'pg'
import { historyTable } from './history.ts'
import type { OwnerSchema } from './migrate.ts'

const duplicateObject = '42710'
const uniqueViolation = '23505'
const insufficientPrivilege = '42501'
/** "tuple concurrently updated": what ALTER ROLE says when another session was faster. It has no code of its own. */
const internalError = 'XX000'
const attempts = 20

const codeOf = (error: unknown): string | undefined => (error instanceof pg.DatabaseError ? error.code : undefined)

export const roleOf = ({ serviceUrl }: OwnerSchema): string => decodeURIComponent(new URL(serviceUrl).username)

const retrying = async (work: () => Promise<unknown>): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work()
      return
    } catch (error) {
      if (codeOf(error) !== internalError || attempt === attempts) throw error
      await sleep(10 * attempt * Math.random())
    }
  }
}

const createRole = async (database: Knex, role: string): Promise<void> => {
  try {
    await database.raw('CREATE ROLE ?? LOGIN', [role])
  } catch (error) {
    const code = codeOf(error)
    if (code !== duplicateObject && code !== uniqueViolation) throw error
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

/** Resolves with what an administrator has to do instead, when the migrator may not. */
const ensureRole = async (database: Knex, owner: OwnerSchema): Promise<string | undefined> => {
  const role = roleOf(owner)
  const password = decodeURIComponent(new URL(owner.serviceUrl).password)
  const { rows } = await database.raw<{ rows: unknown[] }>('SELECT 1 FROM pg_roles WHERE rolname = ?', [role])
  const name = pg.escapeIdentifier(role)
  try {
    if (rows.length === 0) await createRole(database, role)
    if (password === '' || (await passwordWorks(owner.serviceUrl))) return undefined
    const literal = pg.escapeLiteral(password).replaceAll('?', String.raw`\?`)
    await retrying(() => database.raw(`ALTER ROLE ?? LOGIN PASSWORD ${literal}`, [role]))
    return undefined
  } catch (error) {
    if (codeOf(error) !== insufficientPrivilege) throw error
    const verb = rows.length === 0 ? 'CREATE' : 'ALTER'
    return `${verb} ROLE ${name} LOGIN PASSWORD '<the one in the URL of ${owner.schema}>';`
  }
}

/** Creates the services' roles if need be and gives them their URL's password. Throws when one is the migrator's own. */
export const ensureRoles = async (database: Knex, owners: readonly OwnerSchema[]): Promise<void> => {
  const { rows } = await database.raw<{ rows: { name: string }[] }>('SELECT current_user AS name')
  const migrator = rows[0]?.name ?? ''
  const same = owners.filter(owner => roleOf(owner) === migrator).map(owner => owner.schema)
  if (same.length > 0) throw new Error(`${same.join(' and ')} would connect as ${migrator}, who owns the tables`)
  const orders: string[] = []
  for (const owner of owners) {
    const order = await ensureRole(database, owner)
    if (order !== undefined) orders.push(order)
  }
  if (orders.length === 0) return
  throw new Error(`${migrator} may not create roles. An administrator has to run:\n${orders.join('\n')}`)
}

const rights = [
  ['SELECT, INSERT, UPDATE, DELETE', 'TABLES'],
  ['USAGE, SELECT', 'SEQUENCES'],
] as const

/** Opens the schema to its service, all at once. The record of what has been applied can be read there, and no more. */
export const grantSchema = async (database: Knex, owner: OwnerSchema): Promise<void> => {
  const [schema, role] = [owner.schema, roleOf(owner)]
  await database.transaction(async transaction => {
    await transaction.raw('GRANT USAGE ON SCHEMA ?? TO ??', [schema, role])
    for (const [right, objects] of rights) {
      await transaction.raw(`GRANT ${right} ON ALL ${objects} IN SCHEMA ?? TO ??`, [schema, role])
      await transaction.raw(`ALTER DEFAULT PRIVILEGES IN SCHEMA ?? GRANT ${right} ON ${objects} TO ??`, [schema, role])
    }
    await transaction.raw('REVOKE ALL ON ??.?? FROM ??', [schema, historyTable, role])
    await transaction.raw('GRANT SELECT ON ??.?? TO ??', [schema, historyTable, role])
  })
}
