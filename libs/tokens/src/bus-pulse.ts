// When the bus was last heard. A connection can be dead without an end: a frozen server, a network that swallows packets;
// NATS itself notices after 15 s. An answer to a ping comes after everything that was sent to us before it.
import type { Bus } from '@cairn/bus'

const everyMs = 500

export class BusPulse {
  readonly #timer: NodeJS.Timeout
  #heardAt = performance.now()

  constructor(bus: Bus) {
    const heard = (): void => {
      this.#heardAt = performance.now()
    }
    bus.onReconnect(heard)
    this.#timer = setInterval(() => {
      // A ping that the connection's end leaves without an answer says nothing.
      if (bus.connected) bus.nats.flush().then(heard, () => undefined)
    }, everyMs)
    this.#timer.unref()
  }

  /** Milliseconds since the bus was last known to be there. */
  get silentForMs(): number {
    return performance.now() - this.#heardAt
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
