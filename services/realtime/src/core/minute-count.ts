// How much came within a minute. A minute begins with the first that comes after the last one was over.

const minuteMs = 60_000

export class MinuteCount {
  #count = 0
  #since = Number.NEGATIVE_INFINITY

  /** Undefined while no more than `most` have come; after that, how many milliseconds the minute still lasts. */
  add(most: number): number | undefined {
    const now = performance.now()
    if (now - this.#since > minuteMs) {
      this.#count = 0
      this.#since = now
    }
    this.#count += 1
    return this.#count > most ? Math.ceil(minuteMs - (now - this.#since)) : undefined
  }
}
