// Where orders go from an operator to every node, and answers back: the namespace `/` of a socket.io server that listens to nobody, so
// that no client can join it, on the Redis adapter. Users' namespaces are elsewhere, on the adapter in memory (docs/decisions/0004).
import { toCairnError, type OrderAnswer, type OrderName } from '@cairn/contracts'
import { createShardedAdapter } from '@socket.io/redis-adapter'
import { Server, type Namespace } from 'socket.io'
import { RedisChannels, type RedisChannelsOptions } from './redis-channels.ts'

export interface OrderChannelOptions extends Omit<RedisChannelsOptions, 'unheard'> {
  readonly redisKeyPrefix: string
  /** Nodes take orders; an operator hears nothing but the answers, so that no other operator waits for one of his. */
  readonly role: 'node' | 'operator'
}

export interface Answers {
  readonly answers: readonly unknown[]
  /** A node has not answered in time. */
  readonly unanswered: boolean
}

type Handle = (data: unknown) => Promise<OrderAnswer>

export interface OrderChannel {
  /** Orders can be given and are received. */
  readonly reachable: boolean
  /** `handle` gets whatever came; what it throws is answered by its code. Every node has to take every order. */
  take(name: OrderName, handle: Handle): void
  /** Rejects when Redis fails. */
  give(name: OrderName, data: object): Promise<Answers>
  stop(): void
}

/** The adapter takes itself for one of those who listen, and waits for one answer less than there are. */
const countAsOneMore = ({ adapter }: Namespace): void => {
  const countListeners = adapter.serverCount.bind(adapter)
  adapter.serverCount = async () => (await countListeners()) + 1
}

/** Returns at once; Redis may come later. */
export const openOrderChannel = (options: OrderChannelOptions): OrderChannel => {
  const channelPrefix = `${options.redisKeyPrefix}:operators`
  const unheard = options.role === 'operator' ? `${channelPrefix}#/#` : undefined
  const channels = new RedisChannels({ ...options, unheard })
  const adapter = createShardedAdapter(channels, channels, { channelPrefix, subscriptionMode: 'static' })
  const { sockets: namespace } = new Server({ serveClient: false, adapter })
  if (options.role === 'operator') countAsOneMore(namespace)
  const answerOf = async (name: OrderName, data: unknown, handle: Handle): Promise<OrderAnswer> => {
    try {
      return await handle(data)
    } catch (error) {
      options.logger.warn({ error, order: name }, 'an order was not carried out')
      return { code: toCairnError(error).code }
    }
  }
  return {
    get reachable() {
      return channels.reachable
    },
    take: (name, handle) => {
      namespace.on(name, (data: unknown, answer: unknown) => {
        // Whoever wants no answer is no operator of ours.
        if (typeof answer !== 'function') return
        void answerOf(name, data, handle).then(given => (answer as (given: OrderAnswer) => void)(given))
      })
    },
    give: (name, data) =>
      new Promise((resolve, reject) => {
        const done = (error: Error | null, answers: readonly unknown[]): void =>
          resolve({ answers, unanswered: error !== null })
        // Not `namespace.serverSideEmit`, which drops the failure of the adapter's promise.
        Promise.resolve(namespace.adapter.serverSideEmit([name, data, done])).catch(reject)
      }),
    stop: () => channels.stop(),
  }
}
