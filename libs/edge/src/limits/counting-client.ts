// Stands where rate-limiter-flexible expects its client: what is counted in one turn of the event loop goes to Redis as one script, so
// that a request costs a place in an array instead of a command.
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
    setImmediate(() => this.#send(batch))
    return batch
  }

  /** Once for each batch, whichever comes first: the turn's end or its being full. */
  #send(batch: Batch): void {
    if (this.#batch === batch) this.#batch = undefined
    const { keys, values, waiting } = batch
    if (waiting.length === 0) return
    const told = waiting.splice(0)
    this.#link.count(keys, values).then(
      counted => told.forEach(({ resolve }, index) => resolve([counted[2 * index] ?? 0, counted[2 * index + 1] ?? 0])),
      (error: unknown) => told.forEach(({ reject }) => reject(error)),
    )
  }
}
