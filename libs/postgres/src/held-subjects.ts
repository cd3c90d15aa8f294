// Subjects of which a row could not be published: the relay looks past them, so that they hold up nobody else, and tries a
// few again now and then. What is never taken never comes through; so one that does says that an outage is over.

/** Bounds what is remembered, and sent along with each look at the outbox. */
const maxHeld = 10_000

export class HeldSubjects {
  readonly #retryEveryMs: number
  /** In the order in which they were last tried. */
  readonly #held = new Set<string>()
  /** Let go to be tried again, and not yet known to fail. */
  readonly #retried = new Set<string>()
  #retriedAt = 0

  constructor(retryEveryMs: number) {
    this.#retryEveryMs = retryEveryMs
  }

  get subjects(): string[] {
    return [...this.#held]
  }

  get size(): number {
    return this.#held.size
  }

  /** No other can be looked past now. */
  get full(): boolean {
    return this.#held.size >= maxHeld
  }

  /** Lets go of those that have waited longest, when it is time to. */
  retry(most: number): void {
    if (this.#held.size === 0 || performance.now() - this.#retriedAt < this.#retryEveryMs) return
    this.#retriedAt = performance.now()
    for (const subject of this.subjects.slice(0, most)) {
      this.#held.delete(subject)
      this.#retried.add(subject)
    }
  }

  failed(subject: string): void {
    this.#retried.delete(subject)
    if (this.#held.size === 0) this.#retriedAt = performance.now()
    if (!this.full) this.#held.add(subject)
  }

  published(subject: string): void {
    if (!this.#retried.delete(subject)) return
    this.#held.clear()
    this.#retried.clear()
  }
}
