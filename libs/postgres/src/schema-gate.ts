// A service's look at its schema before it uses it: every migration it knows has been applied, as it knows it, and it connects
// as a role that can neither change the schema nor use another service's. One that is behind is waited for, everything else is refused.
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { isPassingAtStart } from './failures.ts'
import { historyFaults, judgeHistory, type AppliedMigration } from './migrations/judge-history.ts'
import { readMigrationFiles } from './migrations/migration-files.ts'
import { findRoleFault } from './role-fault.ts'
import { SchemaBehind, SchemaRefused } from './schema-errors.ts'

export interface SchemaPlace {
  readonly schema: string
  /** Of the service's migrations. */
  readonly directory: string
}

/** Rejects when a connection must not be used. */
export type SchemaGate = (client: pg.ClientBase) => Promise<void>

const readPlace = `SELECT current_user AS role,
    has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS open
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = 'schema_history'`

const behind = (schema: string, missing: readonly string[]): SchemaBehind =>
  new SchemaBehind(`the schema ${schema} lacks ${missing.join(', ')}: run npm run migrate`)

/** Looks until it has found the schema right once. */
export const createSchemaGate = ({ schema, directory }: SchemaPlace): SchemaGate => {
  let passed = false
  return async client => {
    if (passed) return
    const files = await readMigrationFiles(directory)
    const names = files.map(file => file.name)
    const { rows } = await client.query<{ role: string; open: boolean }>(readPlace, [schema])
    if (rows[0] === undefined) throw behind(schema, names)
    const roleFault = await findRoleFault(client, schema)
    if (roleFault !== undefined) throw new SchemaRefused(roleFault)
    // A migrator that is at work right now opens it last.
    if (!rows[0].open) {
      throw new SchemaBehind(`the schema ${schema} is not open to ${rows[0].role} yet: run npm run migrate`)
    }
    const read = `SELECT name, checksum, applied_at FROM ${schema}.schema_history`
    const judged = judgeHistory(files, (await client.query<AppliedMigration>(read)).rows)
    const faults = historyFaults(schema, judged)
    if (faults.length > 0) throw new SchemaRefused(faults.join('\n'))
    const missing = judged.filter(one => one.state === 'pending').map(one => one.name)
    if (missing.length > 0) throw behind(schema, missing)
    passed = true
  }
}

const retryMs = 500

/**
 * Resolves once the schema is right, or at once when the database cannot be reached: its connections are then looked at as they
 * are made. Rejects with `SchemaRefused`, and when the login is refused. `onBehind` is called once.
 */
export const waitForSchema = async (pool: pg.Pool, onBehind: (error: Error) => void): Promise<void> => {
  for (let told = false; ;) {
    try {
      ;(await pool.connect()).release()
      return
    } catch (error) {
      if (!(error instanceof SchemaBehind)) {
        if (isPassingAtStart(error)) return
        throw error
      }
      if (!told) onBehind(error)
      told = true
    }
    await sleep(retryMs)
  }
}
