// OpenTelemetry's instrumentations of the packages in use, and the hook without which they would see no ES module. Only the
// modules that are instrumented pass through it.
import type { Instrumentation } from '@opentelemetry/instrumentation'
import { register } from 'import-in-the-middle/register-hooks.mjs'
import type { Instrumented } from './start-telemetry.ts'

/** Statements are named, values never shown; a Redis command's keys are hashes already, and are not shown either. */
const makers: Readonly<Record<Instrumented, () => Promise<Instrumentation>>> = {
  pg: async () => {
    const { PgInstrumentation } = await import('@opentelemetry/instrumentation-pg')
    return new PgInstrumentation({ requireParentSpan: true, enhancedDatabaseReporting: false })
  },
  ioredis: async () => {
    const { IORedisInstrumentation } = await import('@opentelemetry/instrumentation-ioredis')
    return new IORedisInstrumentation({ requireParentSpan: true, dbStatementSerializer: command => command })
  },
  undici: async () => {
    const { UndiciInstrumentation } = await import('@opentelemetry/instrumentation-undici')
    return new UndiciInstrumentation({ requireParentforSpans: true })
  },
}

/** What of a package is patched is found in its own modules. */
const modulesOf: Readonly<Record<Instrumented, readonly (string | RegExp)[]>> = {
  pg: ['pg', 'pg-pool', /\/node_modules\/(pg|pg-pool)\//],
  ioredis: ['ioredis', /\/node_modules\/ioredis\//],
  undici: [],
}

export const instrumentationsOf = (instrumented: readonly Instrumented[]): Promise<Instrumentation[]> => {
  register({ include: instrumented.flatMap(name => modulesOf[name]) })
  return Promise.all(instrumented.map(name => makers[name]()))
}
