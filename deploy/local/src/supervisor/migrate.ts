// Runs `commands/migrate.ts` as a process of its own, as an operator would; its lines are shown as they come.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { LocalStackError } from '../local-stack-error.ts'
import { onLines } from './output-lines.ts'

export interface MigrateOptions {
  readonly root: string
  /** Relative to `root`. */
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** Throws `LocalStackError` when it fails; it has said why by then. */
export const runMigrations = async ({ root, script, env, say, signal }: MigrateOptions): Promise<void> => {
  const child = spawn(process.execPath, [join(root, script)], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  })
  for (const output of [child.stdout, child.stderr]) onLines(output, say)
  const code = await new Promise<number | null>(resolve => {
    child.on('error', () => undefined)
    child.on('close', resolve)
  })
  signal.throwIfAborted()
  if (code !== 0) throw new LocalStackError('the migrations failed')
}
