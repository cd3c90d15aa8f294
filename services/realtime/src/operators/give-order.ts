// The operator's side: an order to every realtime node, and what became of it.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { OrderAnswer, orderName, type NoticePosted } from '@cairn/contracts'
import { edgeVariables } from '@cairn/edge'
import type { ConfigOf, Logger } from '@cairn/runtime'
import { Compile } from 'typebox/compile'
import { openOrderChannel, type OrderChannel } from './order-channel.ts'

const { redisUrl, redisKeyPrefix, redisRetryMs, redisTimeoutMs } = edgeVariables
export const orderVariables = { redisUrl, redisKeyPrefix, redisRetryMs, redisTimeoutMs } as const

export interface OperatorOptions extends ConfigOf<typeof orderVariables> {
  readonly logger: Logger
}

export type Order =
  { readonly kind: 'notice'; readonly text: string } | { readonly kind: 'disconnect'; readonly userId: string }

export interface OrderOutcome {
  /** One for each node. */
  readonly answers: readonly OrderAnswer[]
  /** A node has not answered in time; whether it carried the order out is not known. */
  readonly unanswered: boolean
}

const reachableWithinMs = 5_000
const pollMs = 20
const checkMs = 1_000

const answerValidator = Compile(OrderAnswer)

const reachable = async (channel: OrderChannel, url: string): Promise<void> => {
  const deadline = performance.now() + reachableWithinMs
  while (!channel.reachable) {
    if (performance.now() > deadline) throw new Error(`Redis at ${new URL(url).host} cannot be reached`)
    await sleep(pollMs)
  }
}

const send = (channel: OrderChannel, order: Order): ReturnType<OrderChannel['give']> => {
  if (order.kind === 'disconnect') return channel.give(orderName.disconnectUser, { user_id: order.userId })
  const notice: NoticePosted = { notice_id: randomUUID(), text: order.text, posted_at: new Date().toISOString() }
  return channel.give(orderName.postNotice, notice)
}

/** Rejects when Redis cannot be reached. No answers at all: no node listens. */
export const giveOrder = async (options: OperatorOptions, order: Order): Promise<OrderOutcome> => {
  const channel = openOrderChannel({ ...options, checkMs, role: 'operator' })
  try {
    await reachable(channel, options.redisUrl)
    const { answers, unanswered } = await send(channel, order)
    return { answers: answers.filter(answer => answerValidator.Check(answer)), unanswered }
  } finally {
    channel.stop()
  }
}
