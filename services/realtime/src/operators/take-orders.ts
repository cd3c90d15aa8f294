// What this node does on an operator's order, and answers: how many of its connections that reached. Each order is a request of its own.
import { CairnError, DisconnectUser, NoticePosted, orderName, type OrderName } from '@cairn/contracts'
import { continueTrace, currentRequest, newRequestId, runInRequest, type HashUser, type Logger } from '@cairn/runtime'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { ConnectionRegistry } from '../core/connection-registry.ts'
import { createNotifier } from '../core/notify-everybody.ts'
import type { OrderChannel } from './order-channel.ts'

export interface OrderTaker {
  readonly registry: ConnectionRegistry
  readonly logger: Logger
  readonly hashUser: HashUser
  /** Who is disconnected is told to come back after a random time up to this. */
  readonly retryMs: number
}

export const takeOrders = (channel: OrderChannel, { registry, logger, hashUser, retryMs }: OrderTaker): void => {
  const take = <Data extends TSchema>(
    name: OrderName,
    schema: Data,
    carryOut: (data: Static<Data>) => Promise<number>,
  ): void => {
    const validator = Compile(schema)
    const answer = async (data: unknown): Promise<{ connections: number }> => {
      if (!validator.Check(data)) throw new CairnError('invalid_request')
      const connections = await carryOut(data)
      logger.info({ order: name, connections }, "carried out an operator's order")
      return { connections }
    }
    channel.take(name, data =>
      runInRequest({ requestId: newRequestId(), trace: continueTrace(undefined) }, () => answer(data)),
    )
  }
  take(orderName.postNotice, NoticePosted, createNotifier(registry))
  take(orderName.disconnectUser, DisconnectUser, async ({ user_id }) => {
    const request = currentRequest()
    if (request !== undefined) request.userHash = hashUser(user_id)
    return registry.disconnectUser(user_id, retryMs)
  })
}
