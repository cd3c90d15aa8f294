// Whether a migrated database is what deploy/schema.sql says: somebody may have changed it by hand.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readCatalogue } from '@cairn/postgres/catalogue'
import type { OwnerSchema } from '@cairn/postgres/migrate'
import { differences } from '../checks/differences.ts'
import { catalogueOptionsOf, schemaDocument, schemaFile } from '../checks/schema-document.ts'

/** Lines for people; empty when nothing differs. */
export const liveDrift = async (
  root: string,
  databaseUrl: string,
  owners: readonly OwnerSchema[],
): Promise<readonly string[]> => {
  const found = schemaDocument(await readCatalogue(databaseUrl, catalogueOptionsOf(owners)))
  const written = await readFile(join(root, schemaFile), 'utf8')
  return written === found ? [] : [`the database is not what ${schemaFile} says:`, ...differences(written, found)]
}
