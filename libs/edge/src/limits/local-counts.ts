// Fixed windows counted in this process, for while Redis does not answer. Bounded: beyond `mostKeys` the oldest window is forgotten.

export interface LocalWindow {
  readonly consumed: number
  readonly msBeforeEnd: number
}

export class LocalCounts {
  readonly #windows = new Map<string, { consumed: number; endsAt: number }>()
  readonly #windowMs: number
  readonly #mostKeys: number
  readonly #now: () => number

  constructor({ windowMs, mostKeys, now }: { windowMs: number; mostKeys: number; now: () => number }) {
    this.#windowMs = windowMs
    this.#mostKeys = mostKeys
    this.#now = now
  }

  /** Adds `points`, 0 to only look. */
  add(key: string, points: number): LocalWindow {
    const now = this.#now()
    const known = this.#windows.get(key)
    if (known !== undefined && known.endsAt > now) {
      known.consumed += points
      return { consumed: known.consumed, msBeforeEnd: known.endsAt - now }
    }
    if (points === 0) return { consumed: 0, msBeforeEnd: this.#windowMs }
    // Deleted first, so that the map stays in the order in which windows began.
    this.#windows.delete(key)
    this.#windows.set(key, { consumed: points, endsAt: now + this.#windowMs })
    this.#forgetOldest(now)
    return { consumed: points, msBeforeEnd: this.#windowMs }
  }

  #forgetOldest(now: number): void {
    for (const [key, { endsAt }] of this.#windows) {
      if (endsAt > now && this.#windows.size <= this.#mostKeys) return
      this.#windows.delete(key)
    }
  }
}
