// A deleted user's rows are erased: at once, and again a while later. Their tokens are refused everywhere within a second of
// the deletion, but a batch of theirs may be on its way; the second look comes when the longest way is over.
import { consume, purgeSubject, type Bus, type Consuming, type Handled } from '@cairn/bus'
import {
  authEventsStream,
  eraseUserConsumer,
  isUuid,
  logAdvancedSubject,
  progressLogStream,
  userDeletedSubjects,
  type UserDeleted,
} from '@cairn/contracts'
import type { HashUser, Logger } from '@cairn/runtime'
import type pg from 'pg'
import type { ProgressConfig } from '../config.ts'
import { eraseUser } from '../store/erase-user.ts'

export interface ErasureContext {
  readonly bus: Bus
  readonly pool: pg.Pool
  readonly config: ProgressConfig
  readonly logger: Logger
  readonly hashUser: HashUser
}

const deletionOf = (payload: unknown): { userId: string; deletedAtMs: number } => {
  const { user_id: userId, deleted_at: deletedAt } = (payload ?? {}) as Partial<UserDeleted>
  const deletedAtMs = Date.parse(deletedAt ?? '')
  if (!isUuid(userId) || Number.isNaN(deletedAtMs)) throw new Error('an event about a deleted user names none')
  return { userId, deletedAtMs }
}

/** Rejects with the database's failure, or that of JetStream: the event then comes again. */
const erase = async ({ bus, pool, config, logger, hashUser }: ErasureContext, payload: unknown): Promise<Handled> => {
  const { userId, deletedAtMs } = deletionOf(payload)
  const rows = await eraseUser(pool, userId, config.erasureBatchRows)
  await purgeSubject(bus, progressLogStream, logAdvancedSubject(userId))
  logger.info({ user_hash: hashUser(userId), rows }, 'a deleted user was erased')
  const waitMs = deletedAtMs + config.erasureSecondLookMs - Date.now()
  return waitMs <= 0 ? 'done' : { againInMs: Math.min(waitMs, config.erasureSecondLookMs) }
}

/** Acknowledged after the commit; never waits for the stream to be there. */
export const startErasingDeletedUsers = (context: ErasureContext): Consuming =>
  consume(context.bus, {
    stream: authEventsStream,
    durable: eraseUserConsumer,
    subject: userDeletedSubjects,
    retryMs: context.config.erasureRetryMs,
    handle: message => erase(context, message.json()),
  })
