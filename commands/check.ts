// `npm run check`: everything that can be known without running Cairn; the schema is read from a database of its own. `-- --write` mends what can be mended.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { documentText } from '@cairn/gateway/openapi'
import { checkGeneratedDocs } from './checks/generated-docs.ts'
import { checkImports } from './checks/import-boundaries.ts'
import { checkOpenapi } from './checks/openapi.ts'
import { checkMigrationChecksums } from './checks/migration-checksums.ts'
import { checkSchemaDrift } from './checks/schema-drift.ts'
import { withThrowAwayDatabase } from './checks/throw-away-database.ts'

const root = join(import.meta.dirname, '..')
const write = process.argv.includes('--write')

/** What is wrong, in lines for people; empty when all is well. */
type Check = () => Promise<readonly string[]>

const run =
  (script: string, ...args: string[]): Check =>
  () =>
    new Promise(resolve => {
      const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], { cwd: root })
      const lines: string[] = []
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => lines.push(chunk.toString().trimEnd()))
      child.on('close', code => resolve(code === 0 ? [] : [...lines, `exit code ${code}`]))
    })

const checks: Readonly<Record<string, Check>> = {
  // Before the format: what it writes is formatted next.
  'generated documents': () => checkGeneratedDocs(root, { write }),
  migrations: () => checkMigrationChecksums(root, { write }),
  schema: () => withThrowAwayDatabase(root, databaseUrl => checkSchemaDrift(root, { write, databaseUrl })),
  openapi: () => checkOpenapi({ root, text: documentText(), write }),
  format: run('prettier/bin/prettier.cjs', '--log-level', 'warn', write ? '--write' : '--check', '.'),
  types: run('typescript/bin/tsc', '--project', 'tsconfig.json'),
  lint: run('oxlint/bin/oxlint', '--type-aware', ...(write ? ['--fix'] : []), '.'),
  'import boundaries': () => checkImports(root),
}

/** Starts all of them, but for writing, whose results the next ones read. */
const outcomes = write ? undefined : Object.values(checks).map(check => check())

let failed = 0
for (const [index, [name, check]] of Object.entries(checks).entries()) {
  const faults = await (outcomes?.[index] ?? check())
  process.stdout.write(
    `${faults.length === 0 ? 'ok    ' : 'failed'} ${name} (${(performance.now() / 1_000).toFixed(1)} s)\n`,
  )
  for (const fault of faults) process.stdout.write(`${fault}\n`)
  if (faults.length > 0) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1
// A channel that the bootstrap holds open must not keep a finished run alive.
process.channel?.unref()
