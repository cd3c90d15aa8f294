// The start-up self-test: an instrumentation that is not in effect makes no sound, and is missed on the day it is needed.
import { channel } from 'node:diagnostics_channel'
import { isWrapped } from '@opentelemetry/instrumentation'
import type { Instrumented } from './start-telemetry.ts'

const isPatched = (prototype: object, method: string): boolean => isWrapped(Reflect.get(prototype, method))

/** Whether a call of the package, as any service would import it, goes through the instrumentation. */
const looks: Readonly<Record<Instrumented, () => Promise<boolean>>> = {
  pg: async () => isPatched((await import('pg')).default.Client.prototype, 'query'),
  ioredis: async () => isPatched((await import('ioredis')).Redis.prototype, 'sendCommand'),
  // Node's own fetch tells of its requests by a channel.
  undici: async () => channel('undici:request:create').hasSubscribers,
}

/** Rejects, naming what would not be traced. */
export const assertInEffect = async (instrumented: readonly Instrumented[]): Promise<void> => {
  for (const name of instrumented) {
    if (!(await looks[name]())) {
      throw new Error(
        `OpenTelemetry is configured, but calls of ${name} would not be traced: its instrumentation is not in effect`,
      )
    }
  }
}
