// One Node process of a benchmark, so that its CPU is its own. Its output goes nowhere unless it fails to start.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export interface BenchProcess {
  readonly pid: number
  stop(): Promise<void>
}

export interface ProcessOrder {
  /** Relative to the clone. */
  readonly script: string
  readonly environment: Readonly<Record<string, string>>
  /** Answers 200 once it can serve. */
  readonly readyUrl: string
}

const readyWithinMs = 30_000
const pollMs = 50
const keptOutput = 4_000

const isReady = (url: string): Promise<boolean> =>
  fetch(url).then(
    response => response.ok,
    () => false,
  )

export const startProcess = async (
  root: string,
  { script, environment, readyUrl }: ProcessOrder,
): Promise<BenchProcess> => {
  const child = spawn(process.execPath, [script], { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output = `${output}${chunk.toString()}`.slice(-keptOutput)))
  }
  const exited = once(child, 'exit')
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await exited
  }
  const deadline = performance.now() + readyWithinMs
  while (!(await isReady(readyUrl))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop()
      throw new Error(`${script} did not become ready:\n${output}`)
    }
    await sleep(pollMs)
  }
  return { pid: child.pid ?? 0, stop }
}
