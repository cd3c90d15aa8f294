// What a service says of itself beyond its log, and to whom: given from outside, so that nothing is exported, and nothing paid
// for it, where nobody has asked.
import { noMetrics, type Metrics } from './metrics.ts'
import type { RequestContext } from './request-context.ts'
import type { SpanRecord } from './span.ts'

export interface Telemetry {
  readonly metrics: Metrics
  /** Called for every span that has ended, if its trace is sampled. Must not throw. */
  readonly exportSpan?: (request: RequestContext, span: SpanRecord) => void
  /** Called for every line that is written; `level` is pino's number. Must not throw. */
  readonly exportLine?: (level: number, line: string) => void
  /** Sends what waits. */
  stop(): Promise<void>
}

export const noTelemetry: Telemetry = { metrics: noMetrics, stop: () => Promise.resolve() }
