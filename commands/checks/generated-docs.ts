// Tables in the documents that are written from the code: environment variables and error codes. Everything outside the
// markers is for people to write.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { authVariables } from '@cairn/auth/config'
import { errorKinds } from '@cairn/contracts'
import { edgeVariables } from '@cairn/edge'
import { gatewayVariables } from '@cairn/gateway/config'
import { janitorVariables } from '@cairn/janitor/config'
import { progressVariables } from '@cairn/progress/config'
import { realtimeVariables } from '@cairn/realtime/config'
import { commonVariables, type VariableTable } from '@cairn/runtime'
import { guardVariables } from '@cairn/tokens'
import { parse } from 'yaml'
import { composeVariables } from '../compose/compose-variables.ts'
import { migrateVariables } from '../migrate/migrate-variables.ts'

const services: Readonly<Record<string, VariableTable>> = {
  gateway: gatewayVariables,
  auth: authVariables,
  progress: progressVariables,
  realtime: realtimeVariables,
  janitor: janitorVariables,
}
const shared: VariableTable = { ...commonVariables, ...guardVariables, ...edgeVariables }

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`)

const fallbackOf = (fallback: unknown): string => {
  if (fallback === undefined) return '**required**'
  return `\`${JSON.stringify(fallback).replaceAll(/["[\]]/g, '')}\``
}

const variableRows = (table: VariableTable): string[] => [
  '| variable | default | expects | what it is |',
  '| --- | --- | --- | --- |',
  ...Object.values(table).map(
    one =>
      `| \`${one.name}\` | ${fallbackOf(one.fallback)} | ${cell(one.expects)} | ${cell(one.description)}${one.secret ? '; a secret' : ''} |`,
  ),
]

const withoutShared = (table: VariableTable): VariableTable =>
  Object.fromEntries(Object.entries(table).filter(([key]) => !Object.hasOwn(shared, key)))

const environmentTables = (): string =>
  [
    '### Several services',
    '',
    ...variableRows(shared),
    ...Object.entries(services).flatMap(([name, table]) => [
      '',
      `### ${name}`,
      '',
      ...variableRows(withoutShared(table)),
    ]),
    '',
    '### npm run migrate',
    '',
    ...variableRows(migrateVariables),
    '',
    '### docker compose',
    '',
    ...variableRows(composeVariables),
  ].join('\n')

const exampleHeading = `# Copy this file to cairn.env beside compose.yaml and set what should differ from its default. docs/environment.md says what each
# variable is. Secrets do not belong here, but into .env. Written by \`npm run check -- --write\`.

`

/** What compose.yaml tells services itself, and would win over `cairn.env`. */
const composedNames = async (root: string): Promise<ReadonlySet<string>> => {
  const text = await readFile(join(root, 'compose.yaml'), 'utf8')
  const { services: composed } = parse(text, { merge: true }) as {
    services: Readonly<Record<string, { environment?: object }>>
  }
  return new Set(Object.values(composed).flatMap(({ environment = {} }) => Object.keys(environment)))
}

/** Every variable that is no secret and has a default, to be set in `cairn.env` beside compose.yaml. */
const exampleEnvironment = async (root: string): Promise<string> => {
  const composed = await composedNames(root)
  const sections = Object.entries({
    'several services': shared,
    ...services,
    'npm run migrate': migrateVariables,
  }).flatMap(([name, table]) => {
    const own = Object.values(table === shared ? table : withoutShared(table))
    const settable = own.filter(one => !one.secret && one.fallback !== undefined && !composed.has(one.name))
    const lines = settable.map(one => `# ${one.name}=${fallbackOf(one.fallback).replaceAll('`', '')}`)
    return [`# ${name}`, ...lines, '']
  })
  return exampleHeading + sections.join('\n')
}

const errorTable = (): string =>
  [
    '| code | status | try again | title |',
    '| --- | --- | --- | --- |',
    ...Object.entries(errorKinds).map(
      ([code, { status, retryable, title }]) =>
        `| \`${code}\` | ${status} | ${retryable ? 'later' : 'no'} | ${title} |`,
    ),
  ].join('\n')

const begin = '<!-- generated: begin -->'
const end = '<!-- generated: end -->'

/** The document with the text between its markers replaced; undefined when it has none. */
export const withGenerated = (document: string, generated: string): string | undefined => {
  const from = document.indexOf(begin)
  const to = document.indexOf(end)
  if (from < 0 || to < from) return undefined
  return `${document.slice(0, from + begin.length)}\n\n${generated}\n\n${document.slice(to)}`
}

/** Each document as it should be, from what it is; undefined when its markers are missing. */
const documents: Readonly<Record<string, (before: string, root: string) => string | undefined | Promise<string>>> = {
  'docs/environment.md': before => withGenerated(before, environmentTables()),
  'docs/errors.md': before => withGenerated(before, errorTable()),
  'deploy/compose/cairn.env.example': (_before, root) => exampleEnvironment(root),
}

/** Cells lose their padding before a comparison: aligning tables is the formatter's business. */
const essence = (document: string): string => document.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---')

/** Compares each document with the code, or brings it up to date with `write`. Returns what is wrong. */
export const checkGeneratedDocs = async (root: string, { write }: { write: boolean }): Promise<string[]> => {
  const faults: string[] = []
  for (const [file, renew] of Object.entries(documents)) {
    const path = join(root, file)
    const before = await readFile(path, 'utf8')
    const after = await renew(before, root)
    if (after === undefined) faults.push(`${file}: the markers of its generated part are missing`)
    else if (essence(after) !== essence(before)) {
      if (write) await writeFile(path, after)
      else faults.push(`${file} differs from the code: run npm run check -- --write`)
    }
  }
  return faults
}
