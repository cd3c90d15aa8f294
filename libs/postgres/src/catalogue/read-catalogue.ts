// What the system catalogues say of some schemas, as data: the same on every version of PostgreSQL from 15 on, whatever the
// session's settings are. Definitions are the server's own words (pg_get_…), so nothing here knows SQL's grammar.
import pg from 'pg'
import * as queries from './catalogue-queries.ts'
import * as roleQueries from './catalogue-role-queries.ts'

export interface Column {
  readonly name: string
  /** With its length or precision: `timestamp(3) with time zone`. */
  readonly type: string
  /** `int8`, `_text`; qualified unless it comes with PostgreSQL. */
  readonly typeName: string
  readonly collation: string | null
  readonly nullable: boolean
  readonly default: string | null
  readonly generated: boolean
  readonly identity: 'ALWAYS' | 'BY DEFAULT' | null
  /** Of the identity's sequence, what is not usual: `MAXVALUE 100 CYCLE`. */
  readonly sequence: string | null
  /** Null: as its type has it. */
  readonly storage: 'PLAIN' | 'EXTERNAL' | 'MAIN' | 'EXTENDED' | null
}

export interface Constraint {
  readonly name: string
  readonly isForeignKey: boolean
  readonly definition: string
}

export interface Table {
  readonly name: string
  /** A crash empties it. */
  readonly isUnlogged: boolean
  readonly options: readonly string[]
  readonly columns: readonly Column[]
  readonly constraints: readonly Constraint[]
  readonly indexes: readonly string[]
}

export interface EnumType {
  readonly name: string
  readonly values: readonly string[]
}

export interface Catalogue {
  readonly schemas: readonly string[]
  /** All names are qualified, all lists sorted, but for columns and the values of enums, whose order means something. */
  readonly enums: readonly EnumType[]
  readonly tables: readonly Table[]
  /** Functions, views, sequences, rules, triggers and policies, as they are defined. */
  readonly others: readonly string[]
  /** Row level security, triggers that are off, indexes that are not valid: none while all is well. */
  readonly states: readonly string[]
  readonly comments: readonly string[]
  /** `GRANT …` without its owner's own rights, `ALTER DEFAULT PRIVILEGES …`. */
  readonly grants: readonly string[]
  /** Attributes, memberships and property of those to whom the schemas are open: none while all is well. */
  readonly roles: readonly string[]
}

/** So that definitions are qualified and written in one way. */
const settings = `SET LOCAL search_path = ''; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO';
  SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex';
  SET LOCAL quote_all_identifiers = off; SET LOCAL jit = off`

export interface CatalogueOptions {
  readonly schemas: readonly string[]
  /** Names under which roles are shown, by their own. */
  readonly roleNames?: Readonly<Record<string, string>>
}

/** `databaseUrl` as anybody who may use the schemas. */
export const readCatalogue = async (
  databaseUrl: string,
  { schemas, roleNames = {} }: CatalogueOptions,
): Promise<Catalogue> => {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'cairn-catalogue' })
  await client.connect()
  const list = async <T extends object>(query: string, ...more: readonly string[]): Promise<readonly T[]> =>
    (await client.query<T>(query, [schemas, ...more])).rows
  const lines = async (query: string, ...more: readonly string[]): Promise<readonly string[]> =>
    (await list<{ line: string }>(query, ...more)).map(({ line }) => line)
  const names = JSON.stringify(roleNames)
  try {
    await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${settings}`)
    return {
      schemas: [...schemas].sort(),
      enums: await list<EnumType>(queries.enums),
      tables: await list<Table>(queries.tables),
      others: await lines(queries.others),
      states: await lines(queries.states),
      comments: await lines(queries.comments),
      grants: await lines(roleQueries.grants, names),
      roles: await lines(roleQueries.roles, names),
    }
  } finally {
    await client.end()
  }
}
