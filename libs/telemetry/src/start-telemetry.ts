// What a process does about OpenTelemetry before it loads anything that is to be traced: with nothing configured, metrics for
// whoever scrapes them; else the SDK as well, which is loaded only then.
import type { Environment, Telemetry } from '@cairn/runtime'
import { isConfigured } from './is-configured.ts'
import { createMetrics } from './otel-metrics.ts'

/** Packages whose calls are traced by OpenTelemetry's instrumentations. */
export type Instrumented = 'pg' | 'ioredis' | 'undici'

export interface TelemetryOptions {
  readonly service: string
  readonly environment: Environment
  /** Those that this service uses; the start fails if one of them would not be traced. */
  readonly instrumented: readonly Instrumented[]
}

/** Call it before those packages are loaded. Rejects when an instrumentation is not in effect. */
export const startTelemetry = async (options: TelemetryOptions): Promise<Telemetry> => {
  if (isConfigured(options.environment)) return (await import('./start-sdk.ts')).startSdk(options)
  return { metrics: createMetrics(options.service), stop: () => Promise.resolve() }
}
