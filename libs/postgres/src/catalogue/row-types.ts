// The rows of one schema's tables as TypeScript, as this package's pool reads them (pool.ts).
import type { Catalogue, Column, Table } from './read-catalogue.ts'

const types: Readonly<Record<string, string>> = {
  bool: 'boolean',
  bytea: 'Buffer',
  date: 'string',
  float8: 'number',
  int2: 'number',
  int4: 'number',
  int8: 'number',
  jsonb: 'unknown',
  text: 'string',
  timestamptz: 'Date',
  uuid: 'string',
}

const inPascalCase = (name: string): string =>
  name.replaceAll(/(?:^|_)([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())

const unqualified = (name: string): string => name.slice(name.indexOf('.') + 1)

const typeOf = ({ name, typeName, nullable }: Column, enums: ReadonlySet<string>): string => {
  const type = enums.has(typeName) ? inPascalCase(unqualified(typeName)) : types[typeName]
  if (type === undefined)
    throw new Error(`column ${name}: nobody said what ${typeName} is in TypeScript (row-types.ts)`)
  return nullable && type !== 'unknown' ? `${type} | null` : type
}

const tableType = ({ name, columns }: Table, enums: ReadonlySet<string>): string => {
  const fields = columns.map(column => `  readonly ${column.name}: ${typeOf(column, enums)}`)
  return `export interface ${inPascalCase(unqualified(name))}Row {\n${fields.join('\n')}\n}`
}

const heading = `// The rows of this schema's tables, written from the database by \`npm run check -- --write\`: a migration changes them, nobody
// else does.`

/** Not formatted yet. */
export const rowTypes = ({ enums, tables }: Catalogue, schema: string): string => {
  const mine = <T extends { name: string }>(all: readonly T[]): T[] =>
    all.filter(one => one.name.startsWith(`${schema}.`) && !one.name.endsWith('.schema_history'))
  const names = new Set(enums.map(one => one.name))
  const unions = mine(enums).map(
    one => `export type ${inPascalCase(unqualified(one.name))} = ${one.values.map(value => `'${value}'`).join(' | ')}`,
  )
  return `${[heading, ...unions, ...mine(tables).map(table => tableType(table, names))].join('\n\n')}\n`
}
