// A catalogue as SQL for people: what a fresh database would have to be told. The same catalogue gives the same bytes.
import type { Catalogue, Column, Table } from './read-catalogue.ts'

const quoted = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`)

/** CASE comes in lines of its own. */
const inOneLine = (definition: string): string => definition.replaceAll(/\s*\n\s*/g, ' ').replaceAll(/\(\s+/g, '(')

const defaultOf = ({ default: value, generated, identity, sequence }: Column): string => {
  if (identity !== null) return ` GENERATED ${identity} AS IDENTITY${sequence ? ` (${sequence})` : ''}`
  if (value === null) return ''
  return generated ? ` GENERATED ALWAYS AS (${inOneLine(value)}) STORED` : ` DEFAULT ${value}`
}

const columnLine = (column: Column): string => {
  const collation = column.collation === null ? '' : ` COLLATE ${column.collation}`
  return `${quoted(column.name)} ${column.type}${collation}${column.nullable ? '' : ' NOT NULL'}${defaultOf(column)}`
}

const tableText = ({ name, isUnlogged, options, columns, constraints, indexes }: Table): string => {
  const own = constraints.filter(one => !one.isForeignKey)
  const lines = [
    ...columns.map(columnLine),
    ...own.map(one => `CONSTRAINT ${quoted(one.name)} ${inOneLine(one.definition)}`),
  ]
  const settings = options.length === 0 ? '' : ` WITH (${options.join(', ')})`
  const table = `CREATE ${isUnlogged ? 'UNLOGGED ' : ''}TABLE ${name} (\n${lines.map(line => `  ${line}`).join(',\n')}\n)${settings};`
  const stored = columns
    .filter(column => column.storage !== null)
    .map(column => `ALTER TABLE ${name} ALTER COLUMN ${quoted(column.name)} SET STORAGE ${column.storage};`)
  return [table, ...stored, ...indexes.map(index => `${index};`)].join('\n')
}

/** Last of what creates something, since they may refer to any table. */
const foreignKeysOf = ({ name, constraints }: Table): string[] =>
  constraints
    .filter(one => one.isForeignKey)
    .map(one => `ALTER TABLE ${name} ADD CONSTRAINT ${quoted(one.name)} ${one.definition};`)

export const schemaText = (catalogue: Catalogue): string => {
  const { schemas, enums, tables, others, states, comments, grants, roles } = catalogue
  const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`
  const parts = [
    schemas.map(schema => `CREATE SCHEMA ${quoted(schema)};`).join('\n'),
    enums.map(one => `CREATE TYPE ${one.name} AS ENUM (${one.values.map(literal).join(', ')});`).join('\n'),
    ...tables.map(tableText),
    tables.flatMap(foreignKeysOf).join('\n'),
    ...others,
    states.join('\n'),
    comments.join('\n'),
    grants.join('\n'),
    roles.join('\n'),
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}
