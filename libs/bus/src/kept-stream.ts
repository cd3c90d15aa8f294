// A stream that its owner keeps in being: made as soon as JetStream is there, and again when there is reason to doubt it.
// Nobody waits for it: what is to be published waits in an outbox meanwhile.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from './connection.ts'
import { ensureStream, type StreamLimits } from './stream.ts'

const retryMs = 1_000

export class KeptStream {
  readonly #bus: Bus
  readonly #limits: StreamLimits
  readonly #aborter = new AbortController()
  #underWay: Promise<void> | undefined

  constructor(bus: Bus, limits: StreamLimits) {
    this.#bus = bus
    this.#limits = limits
    this.ensure()
  }

  /** Makes the stream in the background, trying until it is there. Cheap to call again. */
  ensure(): void {
    this.#underWay ??= this.#tryUntilMade().finally(() => (this.#underWay = undefined))
  }

  async stop(): Promise<void> {
    this.#aborter.abort()
    await this.#underWay
  }

  async #tryUntilMade(): Promise<void> {
    while (!this.#aborter.signal.aborted) {
      try {
        await ensureStream(this.#bus, this.#limits)
        return
      } catch (error) {
        this.#bus.logger.warn({ error, stream: this.#limits.name }, 'the stream cannot be made yet')
        await sleep(retryMs, undefined, { signal: this.#aborter.signal }).catch(() => undefined)
      }
    }
  }
}
