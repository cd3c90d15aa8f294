// Starts a private server on a free port and waits until it lets us in; asks for another port when somebody was faster.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalStackError } from '../local-stack-error.ts'
import type { LaunchSpec } from '../processes/launch.ts'
import type { Ledger } from '../processes/ledger.ts'
import { ManagedProcess, StartFailure } from '../processes/managed-process.ts'
import type { Answer } from './answers.ts'
import { freePort } from './free-port.ts'

export type BackendName = 'postgres' | 'nats' | 'redis'

/** A back end that can be used. `server` is undefined when a URL was given: then nothing of it is ours. */
export interface Backend {
  readonly name: BackendName
  readonly url: string
  readonly server: ManagedProcess | undefined
  stop(): Promise<void>
}

export interface ServerPlan {
  readonly name: BackendName
  readonly directory: string
  readonly ledger: Ledger
  readonly signal?: AbortSignal | undefined
  readonly reservedPorts?: ReadonlySet<number> | undefined
  /** Prepares what depends on the port (a configuration file) and says how to start. */
  readonly specFor: (port: number) => Omit<LaunchSpec, 'name' | 'group' | 'output'>
  readonly urlFor: (port: number) => string
  readonly answers: Answer
}

const attempts = 5
/** Postgres may have a long log to replay after a crash. */
const readyWithinMs = 60_000

const tailOf = (file: string): string => readFileSync(file, 'utf8').trim().split('\n').slice(-5).join('\n')

const launchOn = (port: number, plan: ServerPlan, logFile: string): Promise<ManagedProcess> => {
  const url = plan.urlFor(port)
  const spec = plan.specFor(port)
  return ManagedProcess.launch({
    name: plan.name,
    ledger: plan.ledger,
    spec: first => ({ ...spec, name: plan.name, group: 'backend', output: { file: logFile, append: !first } }),
    isReady: () =>
      plan.answers(url).then(
        () => true,
        () => false,
      ),
  })
}

export const startServer = async (plan: ServerPlan): Promise<Backend> => {
  const logFile = join(plan.directory, 'logs', `${plan.name}.log`)
  for (let attempt = 1; ; attempt += 1) {
    plan.signal?.throwIfAborted()
    const port = await freePort(plan.reservedPorts)
    const server = await launchOn(port, plan, logFile)
    try {
      await server.ready({ withinMs: readyWithinMs, signal: plan.signal })
      return { name: plan.name, url: plan.urlFor(port), server, stop: () => server.stop() }
    } catch (error) {
      await server.stop()
      if (!(error instanceof StartFailure)) throw error
      const output = tailOf(logFile)
      if (attempt < attempts && /address already in use|port is already allocated/i.test(output)) continue
      throw new LocalStackError(`${error.message}; the end of ${logFile}:\n${output}`)
    }
  }
}

export const givenBackend = (name: BackendName, url: string): Backend => ({
  name,
  url,
  server: undefined,
  stop: () => Promise.resolve(),
})
