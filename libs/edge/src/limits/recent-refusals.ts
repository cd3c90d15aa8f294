// What keys had that had too little left, so that for a moment others like it are refused without Redis. Short, since another
// process may give back what it has reserved. Bounded: beyond `mostKeys` the oldest is forgotten.
import type { LocalWindow } from './local-counts.ts'

interface Refused {
  readonly has: number
  readonly windowEndsAt: number
  readonly knownUntil: number
}

export class RecentRefusals {
  readonly #byKey = new Map<string, Refused>()
  readonly #memoryMs: number
  readonly #mostKeys: number
  readonly #now: () => number

  constructor({ memoryMs, mostKeys, now }: { memoryMs: number; mostKeys: number; now: () => number }) {
    this.#memoryMs = memoryMs
    this.#mostKeys = mostKeys
    this.#now = now
  }

  /** With nothing added. */
  remember(key: string, { has, leftMs }: LocalWindow): void {
    const now = this.#now()
    // Deleted first, so that the map stays in the order in which they are forgotten.
    this.#byKey.delete(key)
    const knownUntil = now + Math.min(this.#memoryMs, leftMs)
    this.#byKey.set(key, { has, windowEndsAt: now + leftMs, knownUntil })
    const [oldest] = this.#byKey.keys()
    if (this.#byKey.size > this.#mostKeys && oldest !== undefined) this.#byKey.delete(oldest)
  }

  /** What the key had a moment ago. */
  find(key: string): LocalWindow | undefined {
    const known = this.#byKey.get(key)
    if (known === undefined) return undefined
    const now = this.#now()
    if (known.knownUntil > now) return { has: known.has, leftMs: known.windowEndsAt - now }
    this.#byKey.delete(key)
    return undefined
  }
}
