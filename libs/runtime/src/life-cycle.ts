// The life of a service's process: start, serve, stop once on a signal, never hang while stopping.
import { flushCompileCache } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError } from './environment.ts'
import type { Logger } from './logger.ts'
import type { Telemetry } from './telemetry.ts'

export interface RunningService {
  /** Stops taking work, finishes what is in flight, closes connections. Called once. */
  stop(): Promise<void>
  /** Tells of an exception nobody caught; what has to be known of it is on disk when this returns. */
  readonly crashed?: (error: unknown) => void
}

export interface ProcessOptions {
  readonly start: () => Promise<{
    service: RunningService
    logger: Logger
    /** Without what telemetry may take after it. */
    stopWithinMs: number
    telemetry?: Telemetry
    /** Longest wait for what telemetry has to send; it is not waited for when left out. */
    telemetryStopMs?: number
  }>
}

/** A collector that does not answer holds up nobody's end. */
const stopTelemetry = async (telemetry: Telemetry | undefined, withinMs: number): Promise<void> => {
  await Promise.race([telemetry?.stop().catch(() => undefined), sleep(withinMs)])
}

const stopSignals = ['SIGTERM', 'SIGINT'] as const

const failToStart = (error: unknown): never => {
  const text =
    error instanceof ConfigError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error)
  process.stderr.write(`${text}\n`)
  process.exit(1)
}

/** A handler of its own: the first process of a container is spared every signal that it does not handle. */
const endWhileStarting = (): never => process.exit(0)

/** Runs a service until SIGTERM or SIGINT; a signal while it still starts ends it at once, since nothing is in flight yet. A fault in the environment prints one message and exits 1. */
export const runService = async ({ start }: ProcessOptions): Promise<void> => {
  for (const signal of stopSignals) process.on(signal, endWhileStarting)
  const running = await start().catch(failToStart)
  const { service, logger, stopWithinMs, telemetry, telemetryStopMs = 0 } = running
  let stopping = false
  const stop = async (reason: string, exitCode: number): Promise<void> => {
    if (stopping) return
    stopping = true
    logger.info({ reason }, 'stopping')
    const tooLate = setTimeout(() => {
      logger.error({ stopWithinMs }, 'did not stop in time')
      process.exit(1)
    }, stopWithinMs)
    await service.stop().catch((error: unknown) => logger.error({ error }, 'failed while stopping'))
    clearTimeout(tooLate)
    logger.info('stopped')
    await stopTelemetry(telemetry, telemetryStopMs)
    process.exit(exitCode)
  }
  for (const signal of stopSignals) process.on(signal, () => void stop(signal, 0)).off(signal, endWhileStarting)
  process.on('uncaughtException', error => {
    if (service.crashed === undefined || stopping) logger.fatal({ error }, 'uncaught exception')
    else service.crashed(error)
    void stop('uncaughtException', 1)
  })
  logger.info('started')
  // Where NODE_COMPILE_CACHE is set, Node would otherwise write it at exit, and take seconds of the time to stop.
  flushCompileCache()
}
