// Whether what is written down of the schema is what the migrations make: deploy/schema.sql, the row types of each owner and the
// enums of the contract. Read from a database that was just migrated.
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readCatalogue, rowTypes, type Catalogue } from '@cairn/postgres/catalogue'
import { findOwners, migrate, roleOf, type OwnerSchema } from '@cairn/postgres/migrate'
import pg from 'pg'
import { format, resolveConfig } from 'prettier'
import { differences } from './differences.ts'
import { catalogueOptionsOf, schemaDocument, schemaFile } from './schema-document.ts'
import { enumFaults, knownEnums, type KnownEnums } from './schema-enums.ts'

export interface SchemaDriftOptions {
  readonly write: boolean
  /** Of an empty database, as a user that may create roles. Both are as they were afterwards. */
  readonly databaseUrl: string
  readonly enums?: KnownEnums
}

/** Roles belong to the whole server, whose services may be at work: these are made for the check alone. */
const throwAwayOwners = (root: string, databaseUrl: string): OwnerSchema[] => {
  const prefix = `check_${randomBytes(6).toString('hex')}`
  return findOwners(join(root, 'services'), databaseUrl, {}).map(owner => {
    const url = new URL(owner.serviceUrl)
    url.username = `${prefix}_${owner.schema}`
    return { ...owner, serviceUrl: url.href }
  })
}

const quoted = (names: readonly string[]): string => names.map(name => pg.escapeIdentifier(name)).join(', ')

const forget = async (databaseUrl: string, owners: readonly OwnerSchema[]): Promise<void> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    // What the roles were granted goes with the schemas.
    await client.query(`DROP SCHEMA IF EXISTS ${quoted(owners.map(owner => owner.schema))} CASCADE`)
    await client.query(`DROP ROLE IF EXISTS ${quoted(owners.map(roleOf))}`)
  } finally {
    await client.end()
  }
}

const migrateAndRead = async (root: string, databaseUrl: string): Promise<Catalogue> => {
  const owners = throwAwayOwners(root, databaseUrl)
  try {
    await migrate({ databaseUrl, owners, say: () => undefined })
    return await readCatalogue(databaseUrl, catalogueOptionsOf(owners))
  } finally {
    await forget(databaseUrl, owners)
  }
}

const writtenFiles = async (root: string, catalogue: Catalogue): Promise<ReadonlyMap<string, string>> => {
  const files = new Map([[schemaFile, schemaDocument(catalogue)]])
  for (const schema of catalogue.schemas) {
    const file = join('services', schema, 'src/generated/rows.ts')
    const style = await resolveConfig(join(root, file))
    files.set(file, await format(rowTypes(catalogue, schema), { ...style, parser: 'typescript' }))
  }
  return files
}

/** What is wrong, a line each. */
export const checkSchemaDrift = async (
  root: string,
  { write, databaseUrl, enums = knownEnums }: SchemaDriftOptions,
): Promise<string[]> => {
  const catalogue = await migrateAndRead(root, databaseUrl)
  const faults = enumFaults(catalogue.enums, enums)
  for (const [file, after] of await writtenFiles(root, catalogue)) {
    const path = join(root, file)
    const before = await readFile(path, 'utf8').catch(() => '')
    if (before === after) continue
    if (write) {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, after)
    } else {
      faults.push(
        `${file} is not what the migrations make: run npm run check -- --write`,
        ...differences(before, after),
      )
    }
  }
  return faults
}
