// The connection to NATS: never gives up, says whether it is connected, and drains in the order that loses nothing.
import { setTimeout as sleep } from 'node:timers/promises'
import { errors, type NatsConnection, type Subscription, type SubscriptionOptions } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { Incidents, type Logger } from '@cairn/runtime'
import { InFlight } from './in-flight.ts'
import { PendingReplies } from './pending-replies.ts'
import { WaitingForNats } from './waiting-for-nats.ts'

export interface BusOptions {
  /** `nats://user:password@host:port`, several hosts separated by commas. */
  readonly url: string
  /** Name shown in the server's monitoring. */
  readonly name: string
  readonly logger: Logger
  /** Requests and events worked on at the same time; beyond it requests are refused with `unavailable`. */
  readonly maxInFlight?: number
  /** New incidents in a second; further failures share the last one. */
  readonly incidentsPerSecond?: number
  /** Each server is tried once, all of them for so long; left out, the first connection is waited for as long as it takes. */
  readonly connectWithinMs?: number | undefined
}

const anyInbox = '_INBOX'

/** Whether it is a subject for replies, of whichever user. */
export const isInbox = (subject: string): boolean => subject.startsWith(anyInbox)

export const connectionOptions = (url: string) => {
  const [first = '', ...rest] = url.split(',')
  const { username, password, host, protocol } = new URL(first)
  return {
    servers: [host, ...rest.map(other => new URL(other).host)],
    ...(username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    // Of the user's own, so that a server can keep others from listening to the replies.
    inboxPrefix: username === '' ? anyInbox : `${anyInbox}_${decodeURIComponent(username)}`,
    ...(protocol === 'tls:' ? { tls: {} } : {}),
  }
}

const lateAfter = async (ms: number): Promise<never> => {
  await sleep(ms, undefined, { ref: false })
  throw new Error('nothing answered in time')
}

export class Bus {
  readonly nats: NatsConnection
  readonly logger: Logger
  /** For failures of whatever comes over this connection, or goes. */
  readonly incidents: Incidents
  readonly inFlight: InFlight
  readonly replies: PendingReplies
  readonly #waiting: WaitingForNats
  readonly #reconnectListeners = new Set<() => void>()
  #subscriptions = 0
  #connected = true
  #disconnectedAt: number | undefined

  private constructor(nats: NatsConnection, options: BusOptions, waiting: WaitingForNats) {
    const { url, logger, maxInFlight = 2_000, incidentsPerSecond = 20 } = options
    this.nats = nats
    this.logger = logger
    this.#waiting = waiting
    this.incidents = new Incidents(logger, incidentsPerSecond)
    this.inFlight = new InFlight(maxInFlight)
    this.replies = new PendingReplies(nats, connectionOptions(url).inboxPrefix)
    logger.metrics.gauge('cairn.bus.connected', () => (this.connected ? 1 : 0))
    logger.metrics.gauge('cairn.bus.in_flight', () => this.inFlight.count)
    logger.metrics.gauge('cairn.bus.subscriptions', () => this.#subscriptions)
    void this.#watch()
  }

  /**
   * Resolves once connected for the first time; rejects, with a line for a person, when `connectWithinMs` forbids to wait. An
   * attempt that a server leaves without an answer cannot be called off: it goes on, and keeps the process alive.
   */
  static async connect(options: BusOptions): Promise<Bus> {
    const { url, name, connectWithinMs } = options
    const servers = connectionOptions(url)
    const waiting = new WaitingForNats(options.logger, servers.servers)
    if (connectWithinMs === undefined) waiting.begin()
    const connecting = connect({
      ...servers,
      // Adds nothing to user and password: it tells that a server has answered.
      authenticator: () => waiting.asked(),
      name,
      waitOnFirstConnect: connectWithinMs === undefined,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      reconnectJitter: 150,
      ignoreAuthErrorAbort: true,
      pingInterval: 5_000,
      maxPingOut: 2,
      timeout: 2_000,
      noAsyncTraces: true,
    })
    const first = connectWithinMs === undefined ? connecting : Promise.race([connecting, lateAfter(connectWithinMs)])
    const nats = await first.catch((cause: unknown) => {
      waiting.end()
      const fault = cause instanceof errors.AuthorizationError ? 'refuses the user of the URL' : 'cannot be reached'
      throw new Error(`NATS at ${servers.servers.join(', ')} ${fault}`, { cause })
    })
    waiting.end()
    return new Bus(nats, options, waiting)
  }

  get connected(): boolean {
    return this.#connected && !this.nats.isClosed()
  }

  /** Milliseconds since the connection was lost; 0 while connected. */
  get disconnectedForMs(): number {
    return this.#disconnectedAt === undefined ? 0 : Date.now() - this.#disconnectedAt
  }

  /** As NATS's own, and counted. */
  subscribe(subject: string, options: SubscriptionOptions): Subscription {
    this.#subscriptions += 1
    return this.nats.subscribe(subject, options)
  }

  unsubscribe(subscription: Subscription): void {
    this.#subscriptions -= 1
    subscription.unsubscribe()
  }

  /** Calls `listener` after each reconnection: whatever was published meanwhile has been missed. */
  onReconnect(listener: () => void): void {
    this.#reconnectListeners.add(listener)
  }

  /** Finishes what is in flight (at most `withinMs`), then leaves. `nats.drain()` alone does not wait for handlers. */
  async drain(withinMs: number): Promise<void> {
    await this.inFlight.settled(withinMs)
    this.replies.close()
    if (this.#connected) await this.nats.drain()
    else await this.nats.close()
    this.#waiting.end()
  }

  async #watch(): Promise<void> {
    for await (const status of this.nats.status()) {
      if (status.type === 'disconnect') {
        this.#connected = false
        this.#disconnectedAt ??= Date.now()
        this.replies.failAll()
        this.logger.warn('lost the connection to NATS')
        this.#waiting.begin()
      } else if (status.type === 'reconnect') {
        this.#connected = true
        this.#disconnectedAt = undefined
        this.#waiting.end()
        this.logger.info('connected to NATS again')
        for (const listener of this.#reconnectListeners) listener()
      } else if (status.type === 'error' || status.type === 'slowConsumer') {
        this.logger.error(
          { status: status.type, error: status.type === 'error' ? status.error : undefined },
          'NATS reports a fault',
        )
      }
    }
  }
}
