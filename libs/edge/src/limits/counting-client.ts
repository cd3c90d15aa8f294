// Stands where rate-limiter-flexible expects its client: what is counted in one turn of the event loop goes to Redis as one script, so
// that a request costs a place in an array instead of a command.
import type { ChainableCommander, Redis } from 'ioredis'
import type { RedisLink } from './redis-link.ts'

/** Counts each key and says how much it has now, and for how many milliseconds. A window begins with the first that is counted. */
const script = `
local counted = {}
for i = 1, #KEYS do
  local points, seconds = ARGV[2 * i - 1], ARGV[2 * i]
  counted[2 * i - 1] = redis.call('incrby', KEYS[i], points)
  local left = redis.call('pttl', KEYS[i])
  if left < 0 then
    redis.call('expire', KEYS[i], seconds)
    left = 1000 * seconds
  end
  counted[2 * i] = left
end
return counted`

interface WithScript {
  countAll(keys: number, ...keysAndArguments: readonly string[]): Promise<readonly number[]>
}

/** Key, points, seconds of the window, and what else the library says. */
type Arguments = readonly [key: string, points: string, seconds: string, ...unknown[]]

interface Waiting {
  readonly resolve: (counted: readonly [number, number]) => void
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
  readonly #redis: Redis & WithScript
  #batch: Batch | undefined

  constructor(link: RedisLink) {
    this.#link = link
    link.client.defineCommand('countAll', { lua: script })
    this.#redis = link.client as Redis & WithScript
  }

  /** The library's own script, which ours takes the place of. */
  defineCommand(): void {
    return undefined
  }

  /** Rejects when Redis fails or takes too long. */
  rlflxIncr([key, points, seconds]: Arguments): Promise<readonly [number, number]> {
    const batch = (this.#batch ??= this.#newBatch())
    batch.keys.push(key)
    batch.values.push(points, seconds)
    const counted = new Promise<readonly [number, number]>((resolve, reject) => {
      batch.waiting.push({ resolve, reject })
    })
    if (batch.keys.length >= mostInOneScript) this.#send(batch)
    return counted
  }

  multi(): ChainableCommander {
    return this.#redis.multi()
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
    this.#link
      .ask(() => this.#redis.countAll(keys.length, ...keys, ...values))
      .then(
        counted =>
          told.forEach(({ resolve }, index) => resolve([counted[2 * index] ?? 0, counted[2 * index + 1] ?? 0])),
        (error: unknown) => told.forEach(({ reject }) => reject(error)),
      )
  }
}
