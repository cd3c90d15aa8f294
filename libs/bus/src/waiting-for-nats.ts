// While NATS is waited for, at the start or after it was lost, the log says so now and then, and whether it is not there or does
// not let us in: the client library tries in silence.
import type { Logger } from '@cairn/runtime'

const tellEveryMs = 3_000

export class WaitingForNats {
  readonly #logger: Logger
  readonly #place: string
  #teller: NodeJS.Timeout | undefined
  /** A server has asked who we are since. */
  #wasAsked = false

  constructor(logger: Logger, servers: readonly string[]) {
    this.#logger = logger
    this.#place = servers.join(', ')
  }

  begin(): void {
    this.#wasAsked = false
    this.#teller ??= setInterval(() => this.#tell(), tellEveryMs)
  }

  /** To be called each time a server is told who we are. */
  asked(): void {
    this.#wasAsked = true
  }

  end(): void {
    clearInterval(this.#teller)
    this.#teller = undefined
  }

  #tell(): void {
    const fault = this.#wasAsked ? 'answers, and does not let the user of the URL in' : 'cannot be reached'
    this.#logger.warn(`waiting for NATS: ${this.#place} ${fault}`)
    this.#wasAsked = false
  }
}
