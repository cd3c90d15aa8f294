// The roles services connect with: each reads and writes the rows of its own schema and can do nothing else. Roles belong to
// the whole server: services of other databases may log in with them, and migrators of those may be making the same ones right now.
// So one that is there is left as it is, unless the operator says otherwise.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Knex } from 'knex'
import pg from 'pg'
import { historyTable } from './history.ts'
import type { OwnerSchema } from './migrate.ts'
import { serviceUrlVariable } from './owners.ts'
import { scramVerifier } from './scram-verifier.ts'
import { tryLogin } from './try-login.ts'

const duplicateObject = '42710'
const uniqueViolation = '23505'
const insufficientPrivilege = '42501'
/** "tuple concurrently updated": what ALTER ROLE says when another session was faster. It has no code of its own. */
const internalError = 'XX000'
const attempts = 20

export interface RoleOptions {
  /** Gives roles that are there the password of their URL: for all databases of the server. */
  readonly setPasswords: boolean
  readonly say: (line: string) => void
}

const codeOf = (error: unknown): string | undefined => (error instanceof pg.DatabaseError ? error.code : undefined)

export const roleOf = ({ serviceUrl }: OwnerSchema): string => decodeURIComponent(new URL(serviceUrl).username)
const passwordOf = ({ serviceUrl }: OwnerSchema): string => decodeURIComponent(new URL(serviceUrl).password)

/** Without a password the role waits until it gets one. */
const loginOf = async (owner: OwnerSchema): Promise<string> => {
  const password = passwordOf(owner)
  return password === '' ? 'LOGIN' : `LOGIN PASSWORD ${pg.escapeLiteral(await scramVerifier(password))}`
}

/** False when it is there, maybe since a moment ago. */
const createRole = async (client: pg.Client, owner: OwnerSchema): Promise<boolean> => {
  const { rows } = await client.query('SELECT FROM pg_catalog.pg_roles WHERE rolname = $1', [roleOf(owner)])
  if (rows.length > 0) return false
  try {
    await client.query(`CREATE ROLE ${pg.escapeIdentifier(roleOf(owner))} ${await loginOf(owner)}`)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code !== duplicateObject && code !== uniqueViolation) throw error
    return false
  }
}

const setPassword = async (client: pg.Client, owner: OwnerSchema): Promise<void> => {
  const statement = `ALTER ROLE ${pg.escapeIdentifier(roleOf(owner))} ${await loginOf(owner)}`
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query(statement)
      return
    } catch (error) {
      if (codeOf(error) !== internalError || attempt === attempts) throw error
      await sleep(10 * attempt * Math.random())
    }
  }
}

/** Why the service cannot log in, in the server's words. Being unable to ask is no answer. */
const findRefusal = async (
  client: pg.Client,
  owner: OwnerSchema,
  say: RoleOptions['say'],
): Promise<string | undefined> => {
  const { rows } = await client.query('SELECT FROM pg_catalog.pg_roles WHERE rolname = $1 AND rolcanlogin', [
    roleOf(owner),
  ])
  if (rows.length === 0) return 'it is not permitted to log in'
  const { refused, unknown } = await tryLogin(owner.serviceUrl)
  if (unknown !== undefined) {
    say(`${owner.schema}: could not see whether ${serviceUrlVariable(owner.schema)} is right: ${unknown}`)
  }
  return refused
}

/** For a role that is there: does as it is told, or throws when the service cannot log in with it. */
const settleLogin = async (
  client: pg.Client,
  owner: OwnerSchema,
  { setPasswords, say }: RoleOptions,
): Promise<void> => {
  const [role, variable] = [roleOf(owner), serviceUrlVariable(owner.schema)]
  if (passwordOf(owner) === '') {
    if (setPasswords) say(`${owner.schema}: there is no password for "${role}" in ${variable}`)
    return
  }
  if (setPasswords) {
    await setPassword(client, owner)
    say(`${owner.schema}: "${role}" has the password of ${variable} now`)
    return
  }
  const refusal = await findRefusal(client, owner, say)
  if (refusal === undefined) return
  throw new Error(`the role "${role}" exists, and ${variable} cannot log in as it: ${refusal}
It is left as it is: services of other databases may use it. Put its password into ${variable}, or the name of a role that
is yet to be made. To give the role the password of ${variable}: npm run migrate -- --set-passwords`)
}

/** Resolves with what an administrator has to do instead, when the migrator may not. */
const ensureRole = async (client: pg.Client, owner: OwnerSchema, options: RoleOptions): Promise<string | undefined> => {
  let verb = 'CREATE'
  try {
    if (await createRole(client, owner)) return undefined
    verb = 'ALTER'
    await settleLogin(client, owner, options)
    return undefined
  } catch (error) {
    if (codeOf(error) !== insufficientPrivilege) throw error
    return `${verb} ROLE ${pg.escapeIdentifier(roleOf(owner))} LOGIN PASSWORD '<the one of ${serviceUrlVariable(owner.schema)}>';`
  }
}

/** Each role sees one schema, and the migrator all. */
const refuseSharedRoles = (migrator: string, owners: readonly OwnerSchema[]): void => {
  for (const owner of owners) {
    const role = roleOf(owner)
    if (role === migrator) throw new Error(`${owner.schema} would connect as ${role}, who owns the tables`)
    const same = owners.filter(other => roleOf(other) === role).map(other => other.schema)
    if (same.length > 1)
      throw new Error(`${same.join(' and ')} would connect as one role, "${role}": give each its own`)
  }
}

/** Creates the services' roles if need be, with their URL's password. Throws unless each service has its own. */
export const ensureRoles = async (
  client: pg.Client,
  owners: readonly OwnerSchema[],
  options: RoleOptions,
): Promise<void> => {
  const { rows } = await client.query<{ name: string }>('SELECT current_user AS name')
  const migrator = rows[0]?.name ?? ''
  refuseSharedRoles(migrator, owners)
  const orders: string[] = []
  for (const owner of owners) {
    const order = await ensureRole(client, owner, options)
    if (order !== undefined) orders.push(order)
  }
  if (orders.length === 0) return
  throw new Error(`${migrator} may not make or change roles. An administrator has to run:\n${orders.join('\n')}`)
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
