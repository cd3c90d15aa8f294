// The connection to Redis, and whether it can be asked now. A command that takes too long makes it unusable at once, so that one
// request waits for a frozen server and no other; from then on it is asked in the background until it answers.
import type { Logger } from '@cairn/runtime'
import { Redis } from 'ioredis'

export interface RedisLinkOptions {
  readonly url: string
  readonly timeoutMs: number
  readonly retryMs: number
  readonly keyPrefix: string
  readonly logger: Logger
}

const longestReconnectMs = 1_000
const connectTimeoutMs = 2_000
/** A server that keeps a connection open and says nothing for so long: another connection may fare better. */
const silenceMs = 5_000

export class RedisLink {
  readonly client: Redis
  readonly #options: RedisLinkOptions
  #silent = false
  #stopped = false
  #told: boolean | undefined
  #probe: NodeJS.Timeout | undefined

  constructor(options: RedisLinkOptions) {
    this.#options = options
    this.client = new Redis(options.url, {
      keyPrefix: `${options.keyPrefix}:`,
      commandTimeout: options.timeoutMs,
      connectTimeout: connectTimeoutMs,
      socketTimeout: silenceMs,
      // What cannot be sent now is counted here instead; sent later it would count a second time.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      enableAutoPipelining: true,
      retryStrategy: attempt => Math.min(options.retryMs * attempt, longestReconnectMs),
    })
    this.client.on('error', (error: unknown) => options.logger.debug({ error }, 'redis: a connection failed'))
    this.client.on('ready', () => this.#tell())
    this.client.on('close', () => this.#tell())
  }

  get usable(): boolean {
    return !this.#silent && this.client.status === 'ready'
  }

  /** A command failed: nothing more is asked until a PING is answered. */
  suspect(error: unknown): void {
    if (this.#silent || this.client.status !== 'ready') return
    this.#silent = true
    this.#options.logger.debug({ error }, 'redis: a command failed')
    this.#tell()
    this.#probeLater()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#probe)
    this.client.removeAllListeners('close')
    this.client.disconnect()
  }

  #probeLater(): void {
    if (this.#stopped) return
    this.#probe = setTimeout(() => void this.#askAgain(), this.#options.retryMs).unref()
  }

  async #askAgain(): Promise<void> {
    try {
      await this.client.ping()
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
