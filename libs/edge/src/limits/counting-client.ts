// Stands where rate-limiter-flexible expects its client: what is counted in one turn of the event loop, or while Redis has not answered
// yet, goes there as one script, so that a request costs a place in an array instead of a command. Sending one for each turn was an
// eighth of what the gateway does for a request.
import type { Count, Counted } from './counting-script.ts'
import type { RedisLink } from './redis-link.ts'

/** Key, points, seconds of the window, and what else the library says. */
type Arguments = readonly [key: string, points: string, seconds: string, ...unknown[]]

interface Waiting {
  readonly resolve: (counted: Counted) => void
  readonly reject: (reason: unknown) => void
}

interface Batch {
  readonly keys: string[]
  readonly values: string[]
  readonly waiting: Waiting[]
}

/** Redis does nothing else while a script runs. */
const mostInOneScript = 256

export class CountingClient {
  readonly #link: RedisLink
  #batch: Batch | undefined
  /** Scripts that Redis has not answered yet. */
  #underWay = 0

  constructor(link: RedisLink) {
    this.#link = link
  }

  /** The library's own script, which ours takes the place of. */
  defineCommand(): void {
    return undefined
  }

  /** What the library counts: without a bound, since it counts also what goes beyond the limit. */
  rlflxIncr([key, points, seconds]: Arguments): Promise<Counted> {
    return this.count({ key, points, seconds, most: '' })
  }

  /** Rejects when Redis fails or takes too long. */
  count({ key, points, seconds, most }: Count): Promise<Counted> {
    const batch = (this.#batch ??= this.#newBatch())
    batch.keys.push(key)
    batch.values.push(points, seconds, most)
    const counted = new Promise<Counted>((resolve, reject) => {
      batch.waiting.push({ resolve, reject })
    })
    if (batch.keys.length >= mostInOneScript) this.#send(batch)
    return counted
  }

  #newBatch(): Batch {
    const batch: Batch = { keys: [], values: [], waiting: [] }
    if (this.#underWay === 0) setImmediate(() => this.#send(batch))
    return batch
  }

  /** Once for each batch, whichever comes first: its being full, or the end of the turn or of what was under way. */
  #send(batch: Batch): void {
    if (this.#batch === batch) this.#batch = undefined
    const { keys, values, waiting } = batch
    if (waiting.length === 0) return
    const told = waiting.splice(0)
    this.#underWay += 1
    this.#ask(keys, values).then(
      counted => told.forEach(({ resolve }, index) => resolve([counted[2 * index] ?? 0, counted[2 * index + 1] ?? 0])),
      (error: unknown) => told.forEach(({ reject }) => reject(error)),
    )
  }

  async #ask(keys: readonly string[], values: readonly string[]): Promise<readonly number[]> {
    try {
      // What has waited for a script that failed does not wait as long again.
      if (!this.#link.usable) throw new Error('Redis does not answer')
      return await this.#link.count(keys, values)
    } finally {
      this.#underWay -= 1
      if (this.#underWay === 0 && this.#batch !== undefined) this.#send(this.#batch)
    }
  }
}
