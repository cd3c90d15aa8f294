// `npm run janitor -- --once [job] [--dry-run]`: every job, or one, now and to its end; --dry-run says what is due and deletes
// nothing. Safe beside running janitors.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { jobVariables } from '@cairn/janitor/config'
import { runOnce } from '@cairn/janitor/run-once'
import { withLocalStack } from '@cairn/local'
import { createLogger, readEnvironment, variable } from '@cairn/runtime'

const usage = 'usage: npm run janitor -- --once [job] [--dry-run]'
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const readArguments = (): { only: string | undefined; dryRun: boolean } => {
  const options = { once: { type: 'boolean' }, 'dry-run': { type: 'boolean' } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  if (values.once !== true || positionals.length > 1) throw new Error(usage)
  return { only: positionals[0], dryRun: values['dry-run'] ?? false }
}

const ageOf = (ms: number | null): string =>
  ms === null ? '' : `, the oldest that is left is ${Math.round(ms / 1_000)} s old`

try {
  const { only, dryRun } = readArguments()
  const { natsUrl, ...config } = readEnvironment(
    { ...jobVariables, natsUrl: variable.natsUrl('NATS_URL', { description: 'the bus that owners listen on' }) },
    withLocalStack(join(import.meta.dirname, '..'), process.env),
  )
  await runOnce(config, {
    natsUrl,
    logger: createLogger({ service: 'janitor', level: 'warn' }),
    only,
    dryRun,
    onRun: ({ report, failure }) => {
      const { job, rows, batches, ms, longest_batch_ms: longest, oldest_left_ms: oldest } = report
      const what = dryRun ? `${rows} rows are due in what was looked at` : `${rows} rows deleted`
      const figures = `${what} (${batches} requests, ${ms} ms, the longest ${longest} ms${ageOf(oldest)})`
      if (failure === undefined) return say(`${job}: ${figures}`)
      say(`${job}: failed: ${failure.message}; before that ${figures}`)
      process.exitCode = 1
    },
  })
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  // A bus that has not answered would keep the process alive.
  process.exit(1)
}
// A channel that the bootstrap holds open must not keep a finished run alive.
process.channel?.unref()
