// Everything that can be set of progress.
import { commonVariables, ConfigError, variable, type ConfigOf } from '@cairn/runtime'

export const progressVariables = {
  ...commonVariables,
  databaseUrl: variable.postgresUrl('PROGRESS_DATABASE_URL', {
    description: 'Postgres as the role that sees the schema progress only',
  }),
  opsPort: variable.port('PROGRESS_OPS_PORT', { fallback: 9103, description: 'ops port of progress' }),
  poolSize: variable.integer('PROGRESS_POOL_SIZE', {
    min: 3,
    max: 1_000,
    fallback: 10,
    description: 'most connections to Postgres, the relay of the outbox not counted',
  }),
  connectTimeoutMs: variable.integer('PROGRESS_CONNECT_TIMEOUT_MS', {
    min: 50,
    max: 60_000,
    fallback: 1_500,
    description: 'longest wait for a connection to Postgres',
  }),
  statementTimeoutMs: variable.integer('PROGRESS_STATEMENT_TIMEOUT_MS', {
    min: 50,
    max: 60_000,
    fallback: 3_000,
    description: 'longest run of one statement',
  }),
  lockTimeoutMs: variable.integer('PROGRESS_LOCK_TIMEOUT_MS', {
    min: 50,
    max: 60_000,
    fallback: 500,
    description:
      "longest wait for a user's log that somebody else has locked, e.g. a rebuild: all who are committed together wait for it once, so long for each such log, then that user's requests alone, again and again, and are answered 503 before their time is over; shorter than a request may take",
  }),
  idleInTransactionMs: variable.integer('PROGRESS_IDLE_IN_TRANSACTION_MS', {
    min: 100,
    max: 60_000,
    fallback: 2_000,
    description:
      'silence in the middle of a commit after which Postgres ends the session: how long the logs that a lost host has locked stay so; shorter than a request may take',
  }),
  handlerTimeoutMs: variable.integer('PROGRESS_HANDLER_TIMEOUT_MS', {
    min: 50,
    max: 60_000,
    fallback: 4_000,
    description: 'longest time a request may take here; longer than a statement, shorter than the gateway waits',
  }),
  maxInFlight: variable.integer('PROGRESS_MAX_IN_FLIGHT', {
    min: 1,
    max: 100_000,
    fallback: 2_000,
    description: 'requests worked on at the same time; more are answered 503',
  }),
  maxWaitingEvents: variable.integer('PROGRESS_MAX_WAITING_EVENTS', {
    min: 500,
    max: 1_000_000,
    fallback: 20_000,
    description: 'events that may wait to be committed; requests beyond it are answered 503',
  }),
  maxGroupEvents: variable.integer('PROGRESS_MAX_GROUP_EVENTS', {
    min: 1,
    max: 20_000,
    fallback: 1_000,
    description: 'events committed together; a single request may bring 500 whatever this says',
  }),
  maxGroupsInFlight: variable.integer('PROGRESS_MAX_GROUPS_IN_FLIGHT', {
    min: 1,
    max: 100,
    fallback: 2,
    description:
      'groups being committed at the same time, and one more of users whose logs somebody else has locked; at least two below the size of the pool',
  }),
  groupBesideEvents: variable.integer('PROGRESS_GROUP_BESIDE_EVENTS', {
    min: 1,
    max: 20_000,
    fallback: 200,
    description: 'events that have to wait before a group is committed beside another one; fewer wait for that one',
  }),
  groupBesideAfterMs: variable.integer('PROGRESS_GROUP_BESIDE_AFTER_MS', {
    min: 0,
    max: 60_000,
    fallback: 25,
    description: 'time after which a group is committed beside another one, however small: that one may be stuck',
  }),
  outboxPollMs: variable.integer('PROGRESS_OUTBOX_POLL_MS', {
    min: 10,
    max: 60_000,
    fallback: 200,
    description: 'longest time a change waits to be pushed when the wake-up after its commit was lost',
  }),
  outboxTakeoverMs: variable.integer('PROGRESS_OUTBOX_TAKEOVER_MS', {
    min: 1_000,
    max: 600_000,
    fallback: 5_000,
    description:
      'silence towards the database, or time in which JetStream takes nothing, after which another replica publishes instead of one that is frozen or cut off; at least two polls and three publish timeouts',
  }),
  outboxBatchSize: variable.integer('PROGRESS_OUTBOX_BATCH_SIZE', {
    min: 1,
    max: 1_000,
    fallback: 100,
    description: 'messages published before their rows are deleted, each of at most 256 KiB',
  }),
  outboxRememberedUsers: variable.integer('PROGRESS_OUTBOX_REMEMBERED_USERS', {
    min: 0,
    max: 1_000_000,
    fallback: 10_000,
    description:
      'least number of users of whom it is remembered what was published last, at most twice as many (or four batches): what they do next is pushed without being read back from the outbox; about 300 bytes each; 0: of none',
  }),
  publishTimeoutMs: variable.integer('PROGRESS_PUBLISH_TIMEOUT_MS', {
    min: 50,
    max: 60_000,
    fallback: 2_000,
    description: 'longest wait for JetStream to acknowledge a message',
  }),
  erasureBatchRows: variable.integer('PROGRESS_ERASURE_BATCH_ROWS', {
    min: 1,
    max: 10_000,
    fallback: 1_000,
    description: "rows of a deleted user erased in one transaction, which holds the lock of that user's log",
  }),
  erasureRetryMs: variable.integer('PROGRESS_ERASURE_RETRY_MS', {
    min: 10,
    max: 600_000,
    fallback: 2_000,
    description: 'wait before the erasing of a deleted user is tried again after it failed',
  }),
  erasureSecondLookMs: variable.integer('PROGRESS_ERASURE_SECOND_LOOK_MS', {
    min: 0,
    max: 3_600_000,
    fallback: 60_000,
    description:
      'time after a deletion at which a late batch is looked for; longer than a revocation, a request and the clocks of two machines are apart',
  }),
} as const

export type ProgressConfig = ConfigOf<typeof progressVariables>

/** Throws `ConfigError` when one limit would keep another from ever being reached, or let commits take every connection. */
export const refuseUnreachableLimits = (config: ProgressConfig): void => {
  const { maxGroupsInFlight, poolSize, lockTimeoutMs, handlerTimeoutMs } = progressVariables
  const faults: string[] = []
  // One more group may wait for logs that somebody else has locked; what is left is for reading.
  if (config.maxGroupsInFlight + 1 >= config.poolSize) {
    faults.push(`${maxGroupsInFlight.name}: has to be at least two below ${poolSize.name}`)
  }
  if (config.lockTimeoutMs >= config.handlerTimeoutMs) {
    faults.push(`${lockTimeoutMs.name}: has to be shorter than ${handlerTimeoutMs.name}`)
  }
  if (faults.length > 0) throw new ConfigError(faults)
}
