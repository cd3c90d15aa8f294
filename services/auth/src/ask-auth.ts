// How an operator's command asks auth for something: over the bus, and whichever replica answers.
import { Bus, request } from '@cairn/bus'
import type { Operation, ReplyOf, RequestOf } from '@cairn/contracts'
import { variable, type Logger } from '@cairn/runtime'

export const operatorVariables = {
  natsUrl: variable.natsUrl('NATS_URL', { description: 'the bus that auth listens on' }),
} as const

export interface OperatorEnds {
  readonly natsUrl: string
  readonly logger: Logger
}

type Ask = <O extends Operation>(operation: O, payload: RequestOf<O>) => Promise<ReplyOf<O>>

/** For NATS and for auth each. */
const timeoutMs = 5_000

/** Rejects when NATS cannot be reached; `ask` does with `unavailable` when no auth answers. */
export const askAuth = async <T>(
  { natsUrl: url, logger }: OperatorEnds,
  work: (ask: Ask) => Promise<T>,
): Promise<T> => {
  const bus = await Bus.connect({ url, name: 'operator', logger, connectWithinMs: timeoutMs })
  try {
    return await work((operation, payload) => request(bus, operation, { payload, timeoutMs }))
  } finally {
    await bus.drain(0)
  }
}
