// Apple's keys, kept. A key set that has come of age is fetched again by the next sign-in, so a withdrawn key is believed
// for that long at most; when Apple does not answer, known keys go on serving and the floor keeps the wait from repeating.
import { CairnError } from '@cairn/contracts'
import type { Logger } from '@cairn/runtime'
import type { CryptoKey } from 'jose'

export interface AppleKeySetOptions {
  readonly logger: Logger
  readonly fetchKeys: () => Promise<ReadonlyMap<string, CryptoKey>>
  readonly maxAgeSeconds: number
  readonly staleSeconds: number
  /** Shortest time between two fetches, whoever causes them. */
  readonly fetchFloorMs: number
}

export class AppleKeySet {
  readonly #options: AppleKeySetOptions
  #keys: ReadonlyMap<string, CryptoKey> = new Map()
  #fetching: Promise<void> | undefined
  /** By the monotonic clock, in milliseconds. */
  #fetchedAt = Number.NEGATIVE_INFINITY
  #attemptedAt = Number.NEGATIVE_INFINITY
  #lastFailed = false

  constructor(options: AppleKeySetOptions) {
    this.#options = options
  }

  /** Undefined when Apple has no such key. Rejects with `unavailable` when that cannot be told. */
  async keyFor(keyId: string): Promise<CryptoKey | undefined> {
    const { maxAgeSeconds, staleSeconds, fetchFloorMs } = this.#options
    const known = this.#keys.get(keyId)
    if (known !== undefined && this.#ageSeconds() < maxAgeSeconds) return known
    const mayFetch = performance.now() - this.#attemptedAt >= fetchFloorMs
    if (mayFetch || this.#fetching !== undefined) await this.#fetchOnce()
    const found = this.#ageSeconds() < maxAgeSeconds + staleSeconds ? this.#keys.get(keyId) : undefined
    if (found === undefined && this.#lastFailed) {
      throw new CairnError('unavailable', { cause: new Error("Apple's key set is not to be had") })
    }
    return found
  }

  #ageSeconds(): number {
    return (performance.now() - this.#fetchedAt) / 1_000
  }

  /** One fetch for all callers; its failure is logged once and never thrown. */
  async #fetchOnce(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined
    })
    await this.#fetching
  }

  async #fetch(): Promise<void> {
    this.#attemptedAt = performance.now()
    try {
      this.#keys = await this.#options.fetchKeys()
      this.#fetchedAt = performance.now()
      this.#lastFailed = false
    } catch (error) {
      this.#lastFailed = true
      this.#options.logger.error({ error, known_keys: this.#keys.size }, "could not fetch Apple's keys")
    }
  }
}
