// Verified tokens, in two generations: what is used is in the younger one, and when that is full it becomes the older one, whose place
// it takes. So a look-up writes nothing but once in a generation. Keyed by the whole token: anything shorter has been forged elsewhere.
// It holds what was true when it was verified; the guard asks again what can change (end, deny list, key).
import type { AccessClaims } from './access-claims.ts'

export class TokenCache {
  readonly #mostOfGeneration: number
  #young = new Map<string, AccessClaims>()
  #old = new Map<string, AccessClaims>()

  /** Holds at most `limit` tokens, and at least the half of it that was used last. */
  constructor(limit: number) {
    this.#mostOfGeneration = Math.ceil(limit / 2)
  }

  get(token: string): AccessClaims | undefined {
    const young = this.#young.get(token)
    if (young !== undefined) return young
    const old = this.#old.get(token)
    if (old !== undefined) {
      this.#old.delete(token)
      this.set(token, old)
    }
    return old
  }

  set(token: string, claims: AccessClaims): void {
    if (this.#young.size >= this.#mostOfGeneration && !this.#young.has(token)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(token, claims)
  }

  delete(token: string): void {
    this.#young.delete(token)
    this.#old.delete(token)
  }
}
