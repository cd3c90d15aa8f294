// deploy/schema.sql as a catalogue makes it.
import { schemaText, type Catalogue, type CatalogueOptions } from '@cairn/postgres/catalogue'
import { roleOf, type OwnerSchema } from '@cairn/postgres/migrate'

export const schemaFile = 'deploy/schema.sql'
const heading = `-- The whole schema, written from the system catalogues by \`npm run check -- --write\`, for people to read and for changes to be
-- seen in. A database is made by the migrations (npm run migrate), never from this file.

`

export const schemaDocument = (catalogue: Catalogue): string => heading + schemaText(catalogue)

/** The services' roles may be called as one likes; in the file they are called like this. */
export const catalogueOptionsOf = (owners: readonly OwnerSchema[]): CatalogueOptions => ({
  schemas: owners.map(owner => owner.schema),
  roleNames: Object.fromEntries(owners.map(owner => [roleOf(owner), `cairn_${owner.schema}`])),
})
