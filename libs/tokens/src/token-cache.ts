// Verified tokens, least recently used out first. Keyed by the whole token: anything shorter has been forged elsewhere.
// It holds what was true when it was verified; the guard asks again what can change (end, deny list, key).
import type { VerifiedToken } from './verify-access-token.ts'

export class TokenCache {
  readonly #limit: number
  readonly #entries = new Map<string, VerifiedToken>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#entries.size
  }

  get(token: string): VerifiedToken | undefined {
    const found = this.#entries.get(token)
    if (found === undefined) return undefined
    this.#entries.delete(token)
    this.#entries.set(token, found)
    return found
  }

  set(token: string, verified: VerifiedToken): void {
    this.#entries.set(token, verified)
    if (this.#entries.size <= this.#limit) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }

  delete(token: string): void {
    this.#entries.delete(token)
  }
}
