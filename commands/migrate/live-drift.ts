// Whether a migrated database is what deploy/schema.sql says: somebody may have changed it by hand.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readCatalogue } from '@cairn/postgres/catalogue'
import { roleOf, type OwnerSchema } from '@cairn/postgres/migrate'
import { differences, schemaDocument, schemaFile } from '../checks/schema-document.ts'

/** Lines for people; empty when nothing differs. Roles may have other names than in the file. */
export const liveDrift = async (
  root: string,
  databaseUrl: string,
  owners: readonly OwnerSchema[],
): Promise<readonly string[]> => {
  const schemas = owners.map(owner => owner.schema)
  const catalogue = await readCatalogue(databaseUrl, schemas)
  const grants = owners.reduce(
    (lines, owner) => lines.map(line => line.replace(` TO ${roleOf(owner)};`, ` TO cairn_${owner.schema};`)),
    catalogue.grants,
  )
  const written = await readFile(join(root, schemaFile), 'utf8')
  const found = schemaDocument({ ...catalogue, grants })
  return written === found ? [] : [`the database is not what ${schemaFile} says:`, ...differences(written, found)]
}
