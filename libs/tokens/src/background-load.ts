// Loads something from an owner in the background until it has worked, and again whenever that is asked for. All who wait
// for a load share the one under way.
import { setTimeout as sleep } from 'node:timers/promises'

export interface BackgroundLoadOptions {
  readonly load: () => Promise<void>
  /** Wait after a failed load, in milliseconds. */
  readonly retryDelayMs: number
  /** Told of every failed load in the background. */
  readonly onFailed: (error: unknown) => void
}

export class BackgroundLoad {
  readonly #options: BackgroundLoadOptions
  readonly #aborter = new AbortController()
  #loading: Promise<void> | undefined
  #wanted = false
  #running = false

  constructor(options: BackgroundLoadOptions) {
    this.#options = options
  }

  get underWay(): boolean {
    return this.#loading !== undefined
  }

  /** One load for all who ask at the same time; rejects when it fails. */
  async once(): Promise<void> {
    this.#loading ??= this.#options.load().finally(() => {
      this.#loading = undefined
    })
    await this.#loading
  }

  /** Loads until it has worked, beginning anew: a load under way may have read what was true before. */
  refresh(): void {
    this.#wanted = true
    if (!this.#running) void this.#refreshUntilDone()
  }

  stop(): void {
    this.#wanted = false
    this.#aborter.abort()
  }

  async #refreshUntilDone(): Promise<void> {
    this.#running = true
    while (this.#wanted && !this.#aborter.signal.aborted) {
      this.#wanted = false
      await this.#loading?.catch(() => undefined)
      try {
        await this.once()
      } catch (error) {
        this.#options.onFailed(error)
        this.#wanted = true
        await sleep(this.#options.retryDelayMs, undefined, { signal: this.#aborter.signal }).catch(() => undefined)
      }
    }
    this.#running = false
  }
}
