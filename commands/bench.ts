// `npm run bench -- [name] [--smoke]`: one benchmark, or all. Tables for people on stdout; its last line is one JSON object.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createTestDirectory, removeTestDirectory, sweepAbandoned } from '@cairn/local'
import type { Bench } from '../bench/harness/bench.ts'
import { formatTable } from '../bench/harness/table.ts'

const root = join(import.meta.dirname, '..')
const known = readdirSync(join(root, 'bench'))
  .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map(file => file.slice(0, -3))
const usage = `usage: npm run bench -- [${known.join('|')}] [--smoke]    (--smoke: seconds, and figures that mean nothing)`

const readArguments = (args: string[]): { names: readonly string[]; smoke: boolean } => {
  const options = { smoke: { type: 'boolean', default: false } } as const
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  if (!positionals.every(name => known.includes(name))) throw new Error('there is no such benchmark')
  return { names: positionals.length === 0 ? known : positionals, smoke: values.smoke }
}

const runBench = async (name: string, smoke: boolean): Promise<object> => {
  const { bench } = (await import(join(root, 'bench', `${name}.ts`))) as { bench: Bench }
  const parent = join(root, '.local')
  await sweepAbandoned(parent)
  const directory = createTestDirectory(parent)
  const stop = (): void => {
    void removeTestDirectory(directory).finally(() => process.exit(1))
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  try {
    const say = (line: string): void => void process.stderr.write(`${line}\n`)
    const { tables, figures, bars } = await bench.run({ smoke, directory, say })
    for (const table of tables) process.stdout.write(`${formatTable(table).join('\n')}\n\n`)
    for (const [bar, held] of Object.entries(bars)) process.stdout.write(`${held ? 'held  ' : 'MISSED'} ${bar}\n`)
    if (!smoke && Object.values(bars).includes(false)) process.exitCode = 1
    return { bench: name, smoke, node: process.version, ...figures, bars }
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
    if (existsSync(directory)) await removeTestDirectory(directory)
  }
}

try {
  const { names, smoke } = readArguments(process.argv.slice(2))
  const results: object[] = []
  for (const name of names) results.push(await runBench(name, smoke))
  process.stdout.write(`${JSON.stringify(results.length === 1 ? results[0] : { benches: results })}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`)
  process.exitCode = 1
}
// A channel that the bootstrap holds open must not keep a finished run alive.
process.channel?.unref()
