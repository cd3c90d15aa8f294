// Redis as the socket.io adapter gets to see it: one connection that publishes, one that listens. The adapter itself would leave a
// failed subscription, and a message that is none, to end the process; here the one is tried again and the other is dropped.
import type { Logger } from '@cairn/runtime'
import { createRedisClient } from '@cairn/edge'
import type { Redis } from 'ioredis'

export interface RedisChannelsOptions {
  readonly redisUrl: string
  readonly redisRetryMs: number
  /** An answer that takes longer makes it unreachable, until there is one. */
  readonly redisTimeoutMs: number
  /** How often both connections are asked whether they still answer. */
  readonly checkMs: number
  /** A channel that is not subscribed to, though the adapter would. */
  readonly unheard: string | undefined
  readonly logger: Logger
}

type MessageListener = (channel: Buffer, message: Buffer) => void
type CountCallback = (error?: Error | null, reply?: unknown) => void

/** Its lower-case methods are those of ioredis that the adapter calls. */
export class RedisChannels {
  readonly #options: RedisChannelsOptions
  readonly #publisher: Redis
  readonly #subscriber: Redis
  readonly #channels = new Set<string>()
  readonly #checks: NodeJS.Timeout
  /** All channels, on the connection there is now. */
  #listening = false
  #subscribing = false
  #askedAt: number | undefined
  #told: boolean | undefined

  constructor(options: RedisChannelsOptions) {
    const { redisUrl: url, redisRetryMs: retryMs, logger } = options
    this.#options = options
    this.#publisher = createRedisClient({ url, retryMs, logger, more: { autoResubscribe: false } })
    this.#subscriber = this.#publisher.duplicate()
    this.#subscriber.on('error', (error: unknown) => logger.debug({ error }, 'redis: a connection failed'))
    this.#subscriber.on('ready', () => void this.#subscribe())
    this.#subscriber.on('close', () => {
      this.#listening = false
    })
    this.#checks = setInterval(() => this.#check(), options.checkMs).unref()
  }

  /** Messages can be sent and are received. */
  get reachable(): boolean {
    const { redisTimeoutMs } = this.#options
    const overdue = this.#askedAt !== undefined && performance.now() - this.#askedAt > redisTimeoutMs
    return this.#listening && this.#publisher.status === 'ready' && !overdue
  }

  stop(): void {
    clearInterval(this.#checks)
    this.#publisher.disconnect()
    this.#subscriber.disconnect()
  }

  on(event: 'smessageBuffer', listener: MessageListener): void {
    this.#subscriber.on(event, (channel: Buffer, message: Buffer) => {
      try {
        listener(channel, message)
      } catch (error) {
        this.#options.logger.warn({ error }, 'a message between nodes is none, and was dropped')
      }
    })
  }

  ssubscribe(channel: string): void {
    if (channel === this.#options.unheard) return
    this.#channels.add(channel)
    this.#listening = false
    void this.#subscribe()
  }

  spublish(channel: string, message: string | Buffer): Promise<unknown> {
    return this.#publisher.spublish(channel, message)
  }

  send_command(name: string, parameters: readonly string[], callback: CountCallback): void {
    void this.#publisher.call(name, [...parameters], callback)
  }

  async #subscribe(): Promise<void> {
    if (this.#subscribing || this.#subscriber.status !== 'ready') return
    this.#subscribing = true
    try {
      for (const channel of this.#channels) await this.#subscriber.ssubscribe(channel)
      this.#listening = true
    } catch (error) {
      this.#options.logger.debug({ error }, 'redis: a subscription failed; trying again')
    } finally {
      this.#subscribing = false
    }
    this.#tell()
  }

  #check(): void {
    this.#tell()
    if (!this.#listening) void this.#subscribe()
    if (this.#askedAt !== undefined) return
    this.#askedAt = performance.now()
    const answered = (): void => {
      this.#askedAt = undefined
    }
    // A failure shows in the state of the connection.
    Promise.all([this.#publisher.ping(), this.#subscriber.ping()]).then(answered, answered)
  }

  #tell(): void {
    const { reachable } = this
    if (reachable === this.#told) return
    this.#told = reachable
    if (reachable) this.#options.logger.info("operators' orders arrive")
    else
      this.#options.logger.warn(
        "Redis does not answer: operators' orders do not arrive; nothing else depends on it here",
      )
  }
}
