// `npm run replay -- <file.csv.gz>`: real activity through the public API of a running stack, then a check of the outcome.
import { dirname, join } from 'node:path'
import { replay } from './replay/replay.ts'
import { readOptions, usage, UsageError } from './replay/options.ts'

try {
  const options = readOptions(process.argv.slice(2), process.env)
  process.exitCode = await replay({ ...options, expectedFile: join(dirname(options.file), 'expected.csv') })
} catch (error) {
  const help = error instanceof UsageError ? `\n${usage}` : ''
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}${help}\n`)
  process.exitCode = 1
}
