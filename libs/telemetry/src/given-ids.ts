// Ids for OpenTelemetry's spans: those that Cairn has given out already, in headers and to the flight recorder, else random.
import type { IdGenerator } from '@opentelemetry/sdk-trace'
import { randomHex } from '@cairn/runtime'

export class GivenIds implements IdGenerator {
  #traceId: string | undefined
  #spanId: string | undefined

  /** Whatever span `start` starts gets these. */
  use<T>({ traceId, spanId }: { traceId: string; spanId: string }, start: () => T): T {
    this.#traceId = traceId
    this.#spanId = spanId
    try {
      return start()
    } finally {
      this.#traceId = undefined
      this.#spanId = undefined
    }
  }

  generateTraceId(): string {
    return this.#traceId ?? randomHex(16)
  }

  generateSpanId(): string {
    return this.#spanId ?? randomHex(8)
  }
}
