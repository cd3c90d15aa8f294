// Work that waits in a table until it succeeds: claimed in small batches, so that several replicas share it, and one that
// dies loses nothing but time. What fails is told of; its next attempt is in the database already.
import { setTimeout as sleep } from 'node:timers/promises'
import { databaseFailure } from '@cairn/postgres'

export interface WorklistOptions<Item> {
  /** Claims at most `limit` that are due. */
  readonly claim: (limit: number) => Promise<readonly Item[]>
  readonly work: (item: Item) => Promise<void>
  /** Runs one look, or the work on one item, and tells of its failure; never rejects. */
  readonly attempt: (work: () => Promise<void>) => Promise<unknown>
  /** Pause between two looks for what is due. */
  readonly pollMs: number
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
    const { claim, work } = this.#options
    while (!this.#aborter.signal.aborted) {
      let claimed = 0
      this.#woken = false
      await this.#attempt(async () => {
        const items = await claim(atOnce)
        claimed = items.length
        await Promise.all(items.map(item => this.#attempt(() => work(item))))
      })
      if (claimed < atOnce) await this.#idle()
    }
  }

  #attempt(work: () => Promise<void>): Promise<unknown> {
    return this.#options.attempt(() =>
      work().catch((error: unknown) => {
        throw databaseFailure(error)
      }),
    )
  }

  async #idle(): Promise<void> {
    if (this.#aborter.signal.aborted || this.#woken) return
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    await sleep(this.#options.pollMs, undefined, { signal: woken.signal }).catch(() => undefined)
    this.#wake = undefined
  }
}
