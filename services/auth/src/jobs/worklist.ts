// Work that waits in a table until it succeeds: claimed in small batches, so that several replicas share it, and one that
// dies loses nothing but time. What fails is logged; its next attempt is in the database already.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@cairn/runtime'

export interface WorklistOptions<Item> {
  readonly logger: Logger
  /** Claims at most `limit` that are due. */
  readonly claim: (limit: number) => Promise<readonly Item[]>
  readonly work: (item: Item) => Promise<void>
  /** Pause between two looks for what is due. */
  readonly pollMs: number
  /** For the log: what could not be done. */
  readonly failure: string
}

const atOnce = 8

export class Worklist<Item> {
  readonly #options: WorklistOptions<Item>
  readonly #aborter = new AbortController()
  readonly #finished: Promise<void>
  #wake: (() => void) | undefined
  /** Set when there is work that a look under way may have missed. */
  #woken = false

  constructor(options: WorklistOptions<Item>) {
    this.#options = options
    this.#finished = this.#run()
  }

  /** Call after the commit that added work. */
  wake(): void {
    this.#woken = true
    this.#wake?.()
  }

  /** Finishes what is under way; the rest is done by another replica or after the next start. */
  async stop(): Promise<void> {
    this.#aborter.abort()
    this.#wake?.()
    await this.#finished
  }

  async #run(): Promise<void> {
    const { logger, claim } = this.#options
    while (!this.#aborter.signal.aborted) {
      let claimed = 0
      this.#woken = false
      try {
        const items = await claim(atOnce)
        claimed = items.length
        await Promise.all(items.map(item => this.#work(item)))
      } catch (error) {
        logger.warn({ error }, 'could not look for work that is due')
      }
      if (claimed < atOnce) await this.#idle()
    }
  }

  async #work(item: Item): Promise<void> {
    const { logger, work, failure } = this.#options
    try {
      await work(item)
    } catch (error) {
      logger.warn({ error }, failure)
    }
  }

  async #idle(): Promise<void> {
    if (this.#aborter.signal.aborted || this.#woken) return
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    await sleep(this.#options.pollMs, undefined, { signal: woken.signal }).catch(() => undefined)
    this.#wake = undefined
  }
}
