// Something that the server may ask for again and again: done at once when that is rare, else after growing pauses, and
// never twice at a time.
import { backoffMs, type Backoff } from './backoff.ts'
import { retryAfterMsOf } from './cairn-problem.ts'

/** The shortest life that tokens may have is 10 s, and a new one is asked for after half of it. */
const seldomAfterMs = 4_000

export class PacedTask {
  readonly #backoff: Backoff
  readonly #run: () => Promise<void>
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Waiting or under way. */
  #busy = false
  #stopped = false
  /** Times in a row that it was asked for soon after the time before. */
  #again = 0
  #lastAt = -Infinity

  /** When `run` rejects it is run again, no earlier than the server wants. */
  constructor(backoff: Backoff, run: () => Promise<void>) {
    this.#backoff = backoff
    this.#run = run
  }

  ask(afterMs = 0): void {
    if (this.#busy || this.#stopped) return
    this.#busy = true
    const isSoon = performance.now() - this.#lastAt < Math.min(2 * this.#backoff.mostMs, seldomAfterMs)
    this.#again = isSoon ? this.#again + 1 : 0
    const ms = isSoon ? afterMs + backoffMs(this.#backoff, this.#again - 1) : afterMs
    this.#timer = setTimeout(() => void this.#perform(), ms)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #perform(): Promise<void> {
    let afterMs: number | undefined
    try {
      await this.#run()
    } catch (error) {
      afterMs = retryAfterMsOf(error)
    }
    this.#lastAt = performance.now()
    this.#busy = false
    if (afterMs !== undefined) this.ask(afterMs)
  }
}
