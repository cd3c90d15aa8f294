// Starts one process in a session of its own, so that a terminal's Ctrl-C reaches only us, and enters it in the ledger at once.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { identify } from '../../bootstrap/process-identity.js'
import { LocalStackError } from '../local-stack-error.ts'
import { type Ledger, type LedgerEntry, removeContainer } from './ledger.ts'
import { stopProcess } from './stop-process.ts'

export interface LaunchSpec extends Pick<LedgerEntry, 'name' | 'group' | 'stop' | 'container'> {
  readonly command: string
  readonly args: readonly string[]
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>
  readonly directory: string
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** The log file that takes both outputs, or `pipe` to read them. */
  readonly output: { readonly file: string; readonly append: boolean } | 'pipe'
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface RunningProcess {
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly outputs: readonly Readable[]
  /** Resolves when the process is gone; may be called more than once. */
  stop(): Promise<void>
}

export const describeExit = ({ code, signal }: Exit): string =>
  signal === null ? `exited with code ${code}` : `was killed by ${signal}`

const openOutput = (output: LaunchSpec['output']): number | 'pipe' => {
  if (output === 'pipe') return output
  mkdirSync(dirname(output.file), { recursive: true })
  return openSync(output.file, output.append ? 'a' : 'w', 0o600)
}

/** Throws `LocalStackError` when the program cannot be started at all. */
export const launch = async (spec: LaunchSpec, ledger: Ledger): Promise<RunningProcess> => {
  const output = openOutput(spec.output)
  const child = spawn(spec.command, [...spec.args], {
    cwd: spec.directory,
    env: spec.env,
    detached: true,
    stdio: ['ignore', output, output],
    ...(spec.user === undefined ? {} : { uid: spec.user.uid, gid: spec.user.gid }),
  })
  if (output !== 'pipe') closeSync(output)
  const { pid } = child
  if (pid === undefined) {
    const reason = await new Promise<Error>(resolve => child.once('error', resolve))
    throw new LocalStackError(`${spec.name} cannot be started: ${reason.message}`)
  }
  const identity = identify(pid)
  if (identity !== undefined) {
    const { name, group, stop, container } = spec
    ledger.add({ ...identity, name, group, stop, ...(container === undefined ? {} : { container }) })
  }
  const exited = new Promise<Exit>(resolve => {
    child.once('exit', (code, signal) => {
      if (identity !== undefined) ledger.remove(identity)
      resolve({ code, signal })
    })
  })
  return {
    pid,
    exited,
    outputs: [child.stdout, child.stderr].filter(stream => stream !== null),
    stop: async () => {
      if (identity !== undefined) await stopProcess(identity, spec.stop)
      await exited
      if (spec.container !== undefined) await removeContainer(spec.container)
    },
  }
}
