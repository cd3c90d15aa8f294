// The schema as it is in a database: as data, as SQL and as types. For tools and tests; no service loads it.
export {
  readCatalogue,
  type Catalogue,
  type CatalogueOptions,
  type Column,
  type EnumType,
  type Table,
} from './read-catalogue.ts'
export { rowTypes } from './row-types.ts'
export { schemaText } from './schema-text.ts'
