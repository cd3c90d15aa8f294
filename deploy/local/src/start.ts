// The process behind `npm start`: arguments, signals, output and exit code; the stack itself is supervisor/run-stack.ts.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { LocalStackError } from './local-stack-error.ts'
import { personMessage } from './person-message.ts'
import { cairnPlan } from './supervisor/cairn-plan.ts'
import { logFormatter } from './supervisor/log-format.ts'
import { runStack, type StackPlan } from './supervisor/run-stack.ts'

const usage = 'usage: npm start [-- --fresh]    (--fresh forgets the data)'

const isFresh = (args: readonly string[]): boolean => {
  try {
    return parseArgs({ args: [...args], options: { fresh: { type: 'boolean', default: false } } }).values.fresh
  } catch {
    throw new LocalStackError(usage)
  }
}

/** Aborted by a stop signal or the end of the bootstrap that started us; any number of them. */
const stopRequested = (): AbortSignal => {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  if (process.channel !== undefined) process.on('disconnect', stop)
  return controller.signal
}

export interface StartOptions {
  /** The clone. */
  readonly root: string
  readonly args: readonly string[]
  readonly plan?: StackPlan
}

/** Resolves with the exit code when the stack is stopped. */
export const start = async ({ root, args, plan = cairnPlan }: StartOptions): Promise<number> => {
  // Whoever read our output may be gone before we are: that must not end the orderly stop.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined)
  const format = logFormatter(process.stderr.isTTY)
  try {
    await runStack({
      plan,
      root,
      directory: join(root, '.local', 'stack'),
      environment: process.env,
      fresh: isFresh(args),
      say: line => void process.stdout.write(`${line}\n`),
      showLog: line => void process.stderr.write(format(line)),
      signal: stopRequested(),
    })
    return 0
  } catch (error) {
    process.stderr.write(`${personMessage(error)}\n`)
    return 1
  }
}
