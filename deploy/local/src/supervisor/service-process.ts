// One process of the stack: launched with its plan, its log lines written to a file and shown to the developer.
import { mkdirSync, openSync, writeSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import type { Ledger } from '../processes/ledger.ts'
import { ManagedProcess } from '../processes/managed-process.ts'
import type { StopStep } from '../processes/stop-process.ts'
import { onLines } from './output-lines.ts'
import type { ServicePlan } from './service-plan.ts'

export interface ServiceOptions {
  readonly plan: ServicePlan
  readonly root: string
  readonly directory: string
  readonly ledger: Ledger
  readonly stop: readonly StopStep[]
  readonly showLog: (line: string) => void
}

export interface Service {
  readonly process: ManagedProcess
  /** The last lines it wrote, for the message when it cannot start. */
  lastLines(): readonly string[]
}

const probeTimeoutMs = 1_000
const keptLines = 20

const answersOk = (url: string): Promise<boolean> =>
  new Promise(resolve => {
    const request = get(url, { agent: false, timeout: probeTimeoutMs }, response => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
  })

/** Launches the process; whether it is ready is asked of what this returns. Throws `LocalStackError` when it cannot be launched. */
export const launchService = async (options: ServiceOptions): Promise<Service> => {
  const { plan, root, directory, ledger, stop, showLog } = options
  const logs = join(directory, 'logs')
  mkdirSync(logs, { recursive: true })
  const logFile = openSync(join(logs, `${plan.name}.log`), 'w', 0o600)
  let kept: string[] = []
  const onLine = (line: string): void => {
    kept = [...kept, line].slice(-keptLines)
    writeSync(logFile, `${line}\n`)
    showLog(line)
  }
  const process = await ManagedProcess.launch({
    name: plan.name,
    ledger,
    spec: () => ({
      name: plan.name,
      group: 'service',
      command: globalThis.process.execPath,
      args: [join(root, plan.script)],
      env: plan.env,
      directory: root,
      stop,
      output: 'pipe',
    }),
    isReady: () => answersOk(plan.readyUrl),
    onLaunch: running => {
      for (const output of running.outputs) onLines(output, onLine)
    },
  })
  return { process, lastLines: () => kept }
}
