// `npm run check`: everything that can be known without running a server. `-- --write` mends what can be mended.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { checkGeneratedDocs } from './checks/generated-docs.ts'
import { checkImports } from './checks/import-boundaries.ts'

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
  format: run('prettier/bin/prettier.cjs', '--log-level', 'warn', write ? '--write' : '--check', '.'),
  types: run('typescript/bin/tsc', '--project', 'tsconfig.json'),
  lint: run('oxlint/bin/oxlint', '--type-aware', ...(write ? ['--fix'] : []), '.'),
  'import boundaries': () => checkImports(root),
}

let failed = 0
for (const [name, check] of Object.entries(checks)) {
  const startedAt = performance.now()
  const faults = await check()
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  process.stdout.write(`${faults.length === 0 ? 'ok    ' : 'failed'} ${name} (${seconds} s)\n`)
  for (const fault of faults) process.stdout.write(`${fault}\n`)
  if (faults.length > 0) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1
