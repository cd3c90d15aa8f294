// Counts work in progress, bounds it, and tells when it has come to rest. Draining needs all three.

export class InFlight {
  readonly #limit: number
  #count = 0
  #waiters: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  get count(): number {
    return this.#count
  }

  /** Whether one more may start. */
  get hasRoom(): boolean {
    return this.#count < this.#limit
  }

  /** Runs `work` and counts it until it is over. Its failure is the caller's. */
  async track<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1
    try {
      return await work()
    } finally {
      this.#count -= 1
      if (this.#count === 0) for (const resolve of this.#waiters.splice(0)) resolve()
    }
  }

  /** Resolves when nothing is in flight, or after `withinMs` with work still going on. */
  async settled(withinMs: number): Promise<void> {
    if (this.#count === 0) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, withinMs)
      this.#waiters.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
