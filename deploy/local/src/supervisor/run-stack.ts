// The whole life of a stack: claim, check, back ends, migrations, services, ready; then until the signal, and down in reverse order.
// Whatever happens on the way, everything that was started is stopped before this returns.
import { once } from 'node:events'
import type { Environment } from '@cairn/runtime'
import { LocalStackError } from '../local-stack-error.ts'
import { Ledger } from '../processes/ledger.ts'
import type { StopStep } from '../processes/stop-process.ts'
import { type Backends, provideBackends } from '../provision/backends.ts'
import { openSecrets } from '../provision/secrets.ts'
import { claimStack } from './claim.ts'
import { keepAlive } from './keep-alive.ts'
import { runMigrations } from './migrate.ts'
import {
  backendEnvironment,
  migrationEnvironment,
  widenedLimits,
  type ServicePlan,
  type StackContext,
} from './service-plan.ts'
import { launchService } from './service-process.ts'
import { removeStackEnvironment, writeStackEnvironment } from '../stack-environment.ts'
import { readStackConfig } from './read-stack-config.ts'
import { checkPorts, portsOf, type StackConfig } from './stack-config.ts'

/** What belongs to Cairn rather than to the running of a stack; tests bring their own. */
export interface StackPlan {
  /** Relative to the clone. */
  readonly migrationScript: string
  readonly services: (context: StackContext) => Promise<readonly ServicePlan[]>
  /** Stopped after the services. */
  readonly issuer: (context: StackContext) => ServicePlan
}

export interface StackOptions {
  readonly plan: StackPlan
  readonly root: string
  readonly directory: string
  readonly environment: Environment
  /** Forget the data. */
  readonly fresh: boolean
  /** One line of progress, without its newline. */
  readonly say: (line: string) => void
  /** One line of a service's log. */
  readonly showLog: (line: string) => void
  /** Stops the stack, also while it starts. */
  readonly signal: AbortSignal
}

interface Stoppable {
  stop(): Promise<void>
}

/** What runs, each kind stopped at the same time, services first. */
interface Running {
  services: Stoppable[]
  issuer: Stoppable[]
  backends: Stoppable[]
}

const readyWithinMs = 60_000
const serviceStop: readonly StopStep[] = [{ signal: 'SIGTERM', waitMs: 2_500 }]
const issuerStop: readonly StopStep[] = [{ signal: 'SIGTERM', waitMs: 500 }]

const since = (startedAt: number): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`

const startBackends = async (config: StackConfig, options: StackOptions, running: Running): Promise<Backends> => {
  const { directory, environment, say, signal } = options
  const backends = await provideBackends({
    directory,
    env: environment,
    say,
    signal,
    reservedPorts: new Set(portsOf(config).values()),
    onReady: ({ name, server, url }, tookMs) =>
      say(
        `${name} ${server === undefined ? 'given' : 'started'} at ${new URL(url).host} (${(tookMs / 1000).toFixed(1)} s)`,
      ),
  })
  running.backends = backends.processes.map(process => keepAlive(process, say))
  return backends
}

interface Place {
  readonly layer: Stoppable[]
  readonly stop: readonly StopStep[]
}

/** Resolves when the process is ready, from when on it is kept alive. */
const startService = async (plan: ServicePlan, { layer, stop }: Place, options: StackOptions): Promise<void> => {
  const { root, directory, say, showLog, signal } = options
  const startedAt = performance.now()
  const service = await launchService({ plan, root, directory, ledger: new Ledger(directory), stop, showLog })
  const place = layer.push(service.process) - 1
  try {
    await service.process.ready({ withinMs: readyWithinMs, signal })
  } catch (error) {
    if (!(error instanceof LocalStackError)) throw error
    throw new LocalStackError([`${error.message}; its last lines:`, ...service.lastLines()].join('\n'))
  }
  layer[place] = keepAlive(service.process, say)
  say(`${plan.name} started (${since(startedAt)})`)
}

const start = async (config: StackConfig, options: StackOptions, running: Running): Promise<void> => {
  const { plan, root, directory, environment, say, signal } = options
  const backends = await startBackends(config, options, running)
  const context: StackContext = { environment, config, backends, directory, secrets: openSecrets(directory) }
  writeStackEnvironment(directory, backendEnvironment(context))
  const migratedFrom = performance.now()
  await runMigrations({ root, script: plan.migrationScript, env: migrationEnvironment(context), say, signal })
  say(`database migrated (${since(migratedFrom)})`)
  await Promise.all([
    startService(plan.issuer(context), { layer: running.issuer, stop: issuerStop }, options),
    ...(await plan.services(context)).map(service =>
      startService(service, { layer: running.services, stop: serviceStop }, options),
    ),
  ])
}

const stopAll = async ({ services, issuer, backends }: Running): Promise<void> => {
  for (const layer of [services, issuer, backends]) await Promise.all(layer.map(one => one.stop()))
}

const sayWidenedLimits = ({ environment, say }: StackOptions): void => {
  const limits = Object.entries(widenedLimits(environment)).map(([name, value]) => `${name}=${value}`)
  if (limits.length > 0) say(`limits wider than in production: ${limits.join(' ')}`)
}

const sayReady = (config: StackConfig, say: StackOptions['say']): void => {
  const address = (port: number): string => `http://127.0.0.1:${port}`
  const { gatewayPort, realtimePort, appleIssuerPort } = config
  say(`ready gateway=${address(gatewayPort)} realtime=${address(realtimePort)} apple=${address(appleIssuerPort)}`)
}

/** From the claim, which is the caller's to give back, to the end of everything that was started under it. */
const runClaimed = async (config: StackConfig, options: StackOptions, startedAt: number): Promise<void> => {
  const { say, signal } = options
  const running: Running = { services: [], issuer: [], backends: [] }
  try {
    await checkPorts(config)
    say(`environment checked (${since(startedAt)})`)
    sayWidenedLimits(options)
    await start(config, options, running)
    say(`everything started (${since(startedAt)})`)
    sayReady(config, say)
    if (!signal.aborted) await once(signal, 'abort')
  } finally {
    const stoppingFrom = performance.now()
    removeStackEnvironment(options.directory)
    await stopAll(running)
    if (signal.aborted) say(`stopped (${since(stoppingFrom)})`)
  }
}

/**
 * Runs the stack until the signal. Throws `LocalStackError` for what a person has to mend; returns after an orderly stop, also one that
 * was asked for while it started.
 */
export const runStack = async (options: StackOptions): Promise<void> => {
  const startedAt = performance.now()
  const config = await readStackConfig(options.environment, options.plan)
  try {
    const release = await claimStack(options)
    try {
      await runClaimed(config, options, startedAt)
    } finally {
      release()
    }
  } catch (error) {
    if (!options.signal.aborted) throw error
  }
}
