// Whether what is written down of the schema is what the migrations make: deploy/schema.sql, the row types of each owner and the
// enums of the contract. Read from a database that was just migrated.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { deriveServiceUrls } from '@cairn/local'
import { readCatalogue, rowTypes, type Catalogue } from '@cairn/postgres/catalogue'
import { findOwners, migrate } from '@cairn/postgres/migrate'
import { format, resolveConfig } from 'prettier'
import { differences, schemaDocument, schemaFile } from './schema-document.ts'
import { enumFaults, knownEnums, type KnownEnums } from './schema-enums.ts'

export interface SchemaDriftOptions {
  readonly write: boolean
  /** Of an empty database, as a user that may create roles. */
  readonly databaseUrl: string
  readonly enums?: KnownEnums
}

const migrateAndRead = async (root: string, databaseUrl: string): Promise<Catalogue> => {
  const { authDatabaseUrl, progressDatabaseUrl } = deriveServiceUrls(databaseUrl, 'check')
  const environment = { AUTH_DATABASE_URL: authDatabaseUrl, PROGRESS_DATABASE_URL: progressDatabaseUrl }
  const owners = findOwners(join(root, 'services'), databaseUrl, environment)
  await migrate({ databaseUrl, owners, say: () => undefined })
  return readCatalogue(
    databaseUrl,
    owners.map(owner => owner.schema),
  )
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
