// Fixed windows counted in this process, for while Redis does not answer. Bounded: beyond `mostKeys` the oldest window is forgotten.

export interface LocalWindow {
  readonly has: number
  readonly leftMs: number
}

export class LocalCounts {
  readonly #windows = new Map<string, { has: number; endsAt: number }>()
  readonly #windowMs: number
  readonly #mostKeys: number
  readonly #now: () => number

  constructor({ windowMs, mostKeys, now }: { windowMs: number; mostKeys: number; now: () => number }) {
    this.#windowMs = windowMs
    this.#mostKeys = mostKeys
    this.#now = now
  }

  /**
   * Adds `points`, 0 to only look, below zero to give back; nothing when that is more than `most`, which is told as if it had been
   * added.
   */
  add(key: string, points: number, most = Number.POSITIVE_INFINITY): LocalWindow {
    const now = this.#now()
    const known = this.#windows.get(key)
    if (known !== undefined && known.endsAt > now) {
      const has = known.has + points
      if (has >= 0 && has <= most) known.has = has
      return { has, leftMs: known.endsAt - now }
    }
    const begun = { has: points, leftMs: this.#windowMs }
    if (points <= 0 || points > most) return begun
    // Deleted first, so that the map stays in the order in which windows began.
    this.#windows.delete(key)
    this.#windows.set(key, { has: points, endsAt: now + this.#windowMs })
    this.#forgetOldest(now)
    return begun
  }

  #forgetOldest(now: number): void {
    for (const [key, { endsAt }] of this.#windows) {
      if (endsAt > now && this.#windows.size <= this.#mostKeys) return
      this.#windows.delete(key)
    }
  }
}
