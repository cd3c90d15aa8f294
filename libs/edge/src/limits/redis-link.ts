// The connection to Redis, and whether it can be asked now. A command that takes too long makes it unusable at once, so that one
// request waits for a frozen server and no other; from then on it is asked in the background until it answers.
import { runOutsideRequest, type Logger } from '@cairn/runtime'
import type { Redis } from 'ioredis'
import { createRedisClient } from '../redis-client.ts'
import { countingScript, type WithScript } from './counting-script.ts'

export interface RedisLinkOptions {
  readonly url: string
  readonly timeoutMs: number
  readonly retryMs: number
  readonly keyPrefix: string
  readonly logger: Logger
}

export class RedisLink {
  readonly #client: Redis & WithScript
  readonly #options: RedisLinkOptions
  #silent = false
  #stopped = false
  #told: boolean | undefined
  #probe: NodeJS.Timeout | undefined

  constructor(options: RedisLinkOptions) {
    this.#options = options
    // It queues nothing: what cannot be sent now is counted here instead; sent later it would count a second time.
    const client = createRedisClient({
      ...options,
      more: { keyPrefix: `${options.keyPrefix}:` },
    })
    client.defineCommand('countAll', { lua: countingScript })
    this.#client = client as Redis & WithScript
    client.on('ready', () => this.#tell())
    client.on('close', () => this.#tell())
  }

  get usable(): boolean {
    return !this.#silent && this.#client.status === 'ready'
  }

  /** Rejects when Redis fails or takes too long, and then nothing more is asked until it counts again. */
  count(keys: readonly string[], values: readonly string[]): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      let waiting = true
      const fail = (error: Error): void => {
        if (!waiting) return
        waiting = false
        this.#suspect(error)
        reject(error)
      }
      // After this process was busy for long, the timer comes before an answer that has been there all the while: that is read
      // first, and only then is it too late.
      const giveUp = (): void => void setImmediate(() => fail(new Error('Redis did not answer in time')))
      const timer = setTimeout(giveUp, this.#options.timeoutMs)
      this.#client.countAll(keys.length, ...keys, ...values).then(
        value => {
          waiting = false
          clearTimeout(timer)
          return resolve(value)
        },
        (error: unknown) => {
          clearTimeout(timer)
          fail(error instanceof Error ? error : new Error('Redis failed', { cause: error }))
        },
      )
    })
  }

  #suspect(error: unknown): void {
    if (this.#silent || this.#client.status !== 'ready') return
    this.#silent = true
    this.#options.logger.debug({ error }, 'redis: a command failed')
    this.#tell()
    this.#probeLater()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#probe)
    this.#client.removeAllListeners('close')
    this.#client.disconnect()
  }

  #probeLater(): void {
    if (this.#stopped) return
    // Whoever met the failure is long answered by then.
    this.#probe = runOutsideRequest(() => setTimeout(() => void this.#askAgain(), this.#options.retryMs).unref())
  }

  /** By counting: a Redis that is full, or a replica, answers a PING and counts nothing. */
  async #askAgain(): Promise<void> {
    try {
      await this.count(['probe'], ['1', '1', ''])
    } catch {
      this.#probeLater()
      return
    }
    this.#silent = false
    this.#tell()
  }

  #tell(): void {
    if (this.#told === this.usable) return
    this.#told = this.usable
    if (this.usable) this.#options.logger.info('limits are counted in Redis')
    else this.#options.logger.warn('Redis does not answer: limits are counted by this process alone')
  }
}
