// Ended sessions whose access tokens may still be within their lifetime. An entry outlives every such token, then goes.
// All entries live equally long, so the order of insertion is the order of expiry.

export interface DenyListOptions {
  /** Seconds after which no token of an ended session can be valid any more: lifetime plus clock skew. */
  readonly keepSeconds: number
  /** Most sessions remembered; beyond it the oldest is forgotten and `onOverflow` told. */
  readonly limit: number
  readonly onOverflow: () => void
}

export class DenyList {
  readonly #options: DenyListOptions
  readonly #deniedUntil = new Map<string, number>()

  constructor(options: DenyListOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#deniedUntil.size
  }

  /** `now` in seconds since the epoch. */
  deny(sessionId: string, now: number): void {
    this.#deniedUntil.delete(sessionId)
    this.#deniedUntil.set(sessionId, now + this.#options.keepSeconds)
    for (const [oldest, until] of this.#deniedUntil) {
      const full = this.#deniedUntil.size > this.#options.limit
      if (until > now && !full) return
      if (until > now) this.#options.onOverflow()
      this.#deniedUntil.delete(oldest)
    }
  }

  denies(sessionId: string): boolean {
    return this.#deniedUntil.has(sessionId)
  }
}
