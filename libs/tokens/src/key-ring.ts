// Auth's public keys as this process knows them. Loaded in the background until it works, kept when auth is down, loaded
// again when keys rotate, and on an unknown key id, which anybody can send: so one load for all callers and a floor between.
import { CairnError, type KeySet, type PublicKey } from '@cairn/contracts'
import type { Logger } from '@cairn/runtime'
import { importJWK, type CryptoKey } from 'jose'
import { BackgroundLoad } from './background-load.ts'

export interface KeyRingOptions {
  readonly logger: Logger
  readonly readKeySet: () => Promise<KeySet>
  /** Shortest time between two loads that unknown key ids cause, in milliseconds. */
  readonly unknownKeyFloorMs: number
  /** Wait after a failed background load, in milliseconds. */
  readonly retryDelayMs: number
}

const importKey = async ({ kid, kty, crv, x }: PublicKey): Promise<[string, CryptoKey]> => {
  const key = await importJWK({ kty, crv, x }, 'EdDSA')
  if (key instanceof Uint8Array) throw new TypeError('a secret key stands among the public keys')
  return [kid, key]
}

export class KeyRing {
  readonly #options: KeyRingOptions
  readonly #loads: BackgroundLoad
  #keys: ReadonlyMap<string, CryptoKey> = new Map()
  #keySet: KeySet = { keys: [] }
  #loadedAt = Number.NEGATIVE_INFINITY
  readonly #onWithdrawn = new Set<() => void>()

  constructor(options: KeyRingOptions) {
    this.#options = options
    this.#loads = new BackgroundLoad({
      load: () => this.#load(),
      retryDelayMs: options.retryDelayMs,
      onFailed: error => options.logger.warn({ error }, 'could not load the key set; will try again'),
    })
  }

  get loaded(): boolean {
    return this.#keys.size > 0
  }

  get keySet(): KeySet {
    return this.#keySet
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId)
  }

  /** Rejects with `unavailable` only when no key set could be had so far. */
  async keyFor(keyId: string): Promise<CryptoKey | undefined> {
    const known = this.#keys.get(keyId)
    if (known !== undefined) return known
    if (this.#loads.underWay || performance.now() - this.#loadedAt >= this.#options.unknownKeyFloorMs) {
      await this.#loads.once().catch((error: unknown) => {
        this.#options.logger.warn({ error }, 'could not load the key set for an unknown key id')
      })
    }
    if (!this.loaded) throw new CairnError('unavailable', { cause: new Error('no key set could be loaded yet') })
    return this.#keys.get(keyId)
  }

  /** `listener` must not throw. It is called when a key that was there is there no more. */
  onWithdrawn(listener: () => void): void {
    this.#onWithdrawn.add(listener)
  }

  /** Loads in the background until it has worked, beginning anew: a load under way may have read the old keys. */
  refresh(): void {
    this.#loads.refresh()
  }

  stop(): void {
    this.#loads.stop()
  }

  async #load(): Promise<void> {
    this.#loadedAt = performance.now()
    const keySet = await this.#options.readKeySet()
    const keys = new Map(await Promise.all(keySet.keys.map(importKey)))
    if (keys.size === 0) throw new Error('the key set is empty')
    const isWithdrawn = [...this.#keys.keys()].some(keyId => !keys.has(keyId))
    this.#keys = keys
    this.#keySet = keySet
    if (isWithdrawn) for (const listener of this.#onWithdrawn) listener()
  }
}
