// Whether the bus itself answers, asked only while a request waits: for who waits, a frozen NATS looks like a slow owner.
import type { NatsConnection } from '@nats-io/nats-core'

/** A request that is answered sooner asks nothing; and so much later than an answer the next ping is due. */
export const pulseAfterMs = 100

export class BusPulse {
  readonly #nats: NatsConnection
  /** Of the ping that is under way: there is one at a time. */
  #askedAt: number | undefined
  #answeredAt = Number.NEGATIVE_INFINITY

  constructor(nats: NatsConnection) {
    this.#nats = nats
  }

  /** Sends a ping unless one is under way or was just answered. */
  ask(): void {
    if (this.#askedAt === undefined && performance.now() >= this.#answeredAt + pulseAfterMs) void this.#ping()
  }

  async #ping(): Promise<void> {
    this.#askedAt = performance.now()
    try {
      await this.#nats.flush()
      this.#answeredAt = performance.now()
    } catch {
      // The connection was lost, which is told to whoever waits by itself.
    } finally {
      this.#askedAt = undefined
    }
  }

  /** For who waits since `since` (of `performance.now()`); undefined when nothing is known. */
  describe(since: number): string | undefined {
    const silentMs = this.#askedAt === undefined ? 0 : Math.round(performance.now() - this.#askedAt)
    const server = `NATS at ${this.#nats.getServer()}`
    if (silentMs >= pulseAfterMs) return `${server} has not answered a ping for ${silentMs} ms either`
    if (this.#answeredAt > since) return `${server} answers, the owner does not`
    return undefined
  }
}
