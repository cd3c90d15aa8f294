// A change that others must hear of. Its events are written by the transaction that makes it, so that they are told exactly
// if it is made; and they are sent once it is committed, so that verifiers know at once, whatever holds up the outbox.
import type { OutboxMessage } from '@cairn/bus'
import { inTransaction } from '@cairn/postgres'
import type { AuthContext } from '../context.ts'
import { fillOutbox, type OutboxEvent } from '../store/fill-outbox.ts'
import type { Queryable } from '../store/queryable.ts'

export interface Change {
  readonly database: Queryable
  readonly tell: (events: readonly OutboxEvent[]) => Promise<void>
}

export const changeAndTell = async <T>(
  { pool, events }: AuthContext,
  make: (change: Change) => Promise<T>,
): Promise<T> => {
  const told: OutboxMessage[] = []
  const made = await inTransaction(pool, database =>
    make({
      database,
      tell: async tell => {
        told.push(...(await fillOutbox(database, tell)))
      },
    }),
  )
  if (told.length > 0) {
    events.announce(told)
    events.outboxFilled()
  }
  return made
}
