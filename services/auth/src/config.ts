// Everything that can be set of auth. That production trusts nobody but Apple is checked in refuse-other-issuers.ts.
import { commonVariables, variable, type ConfigOf } from '@cairn/runtime'
import { tokenVariables } from '@cairn/tokens'
import { appleVariables } from './apple/apple-variables.ts'

const databaseVariables = {
  databaseUrl: variable.postgresUrl('AUTH_DATABASE_URL', {
    description: "auth's database, as a role that sees its schema",
  }),
  databaseConnections: variable.integer('AUTH_DATABASE_CONNECTIONS', {
    min: 1,
    max: 200,
    fallback: 10,
    description: 'most connections to the database',
  }),
  connectTimeoutMs: variable.integer('AUTH_CONNECT_TIMEOUT_MS', {
    min: 100,
    max: 60_000,
    fallback: 2_000,
    description: 'longest wait for a connection to the database',
  }),
  statementTimeoutMs: variable.integer('AUTH_STATEMENT_TIMEOUT_MS', {
    min: 100,
    max: 60_000,
    fallback: 3_000,
    description: 'longest run of one statement',
  }),
} as const

const lifetimeVariables = {
  nonceTtlSeconds: variable.integer('AUTH_NONCE_TTL_S', {
    min: 10,
    max: 3_600,
    fallback: 600,
    description: 'lifetime of a sign-in nonce in seconds',
  }),
  refreshIdleSeconds: variable.integer('AUTH_REFRESH_IDLE_S', {
    min: 60,
    max: 31_536_000,
    fallback: 5_184_000,
    description: 'a session ends when it has not been refreshed for so long, in seconds (60 days)',
  }),
  refreshAbsoluteSeconds: variable.integer('AUTH_REFRESH_ABSOLUTE_S', {
    min: 60,
    max: 315_360_000,
    fallback: 31_536_000,
    description: 'a session ends at this age however much it is used, in seconds (365 days)',
  }),
  refreshGraceSeconds: variable.integer('AUTH_REFRESH_GRACE_S', {
    min: 0,
    max: 600,
    fallback: 30,
    description: 'how long after a rotation the previous refresh token gets the same successor again, in seconds',
  }),
  refreshRepeats: variable.integer('AUTH_REFRESH_REPEATS', {
    min: 1,
    max: 10_000,
    fallback: 50,
    description: 'answers to the previous refresh token in one generation; more are refused with 429',
  }),
  endedSessionKeepSeconds: variable.integer('AUTH_ENDED_SESSION_KEEP_S', {
    min: 86_400,
    max: 31_536_000,
    fallback: 86_400,
    description: 'how long the row of an ended session is kept, in seconds; its user may ask for it for a day',
  }),
  guestKeepSeconds: variable.integer('AUTH_GUEST_KEEP_S', {
    min: 86_400,
    max: 315_360_000,
    fallback: 7_776_000,
    description:
      'age from which a guest without a session counts as abandoned, in seconds (90 days); deleted only when JANITOR_ABANDONED_GUESTS says so',
  }),
} as const

const eventVariables = {
  outboxPollMs: variable.integer('AUTH_OUTBOX_POLL_MS', {
    min: 10,
    max: 60_000,
    fallback: 200,
    description: 'longest time an ended session waits to be told of when the wake-up after its commit was lost',
  }),
  outboxTakeoverMs: variable.integer('AUTH_OUTBOX_TAKEOVER_MS', {
    min: 1_000,
    max: 600_000,
    fallback: 5_000,
    description:
      'silence towards the database, or time in which JetStream takes nothing, after which another replica publishes instead of one that is frozen or cut off; at least two polls and three publish timeouts',
  }),
  outboxBatchSize: variable.integer('AUTH_OUTBOX_BATCH_SIZE', {
    min: 1,
    max: 10_000,
    fallback: 1_000,
    description: 'events published before their rows are deleted; without JetStream, later ones wait',
  }),
  publishTimeoutMs: variable.integer('AUTH_PUBLISH_TIMEOUT_MS', {
    min: 50,
    max: 60_000,
    fallback: 500,
    description:
      'longest wait for JetStream to acknowledge an event; others wait behind it, and verifiers are to hear within a second',
  }),
} as const

const keyVariables = {
  keyRotationSeconds: variable.integer('AUTH_KEY_ROTATION_S', {
    min: 1,
    max: 315_360_000,
    fallback: 2_592_000,
    description: 'age at which the key that signs access tokens is replaced, in seconds (30 days)',
  }),
  keyPublishSeconds: variable.integer('AUTH_KEY_PUBLISH_S', {
    min: 1,
    max: 86_400,
    fallback: 90,
    description: 'how long a key is published before it signs, in seconds; longer than anybody caches the key set (60)',
  }),
  keyCheckMs: variable.integer('AUTH_KEY_CHECK_MS', {
    min: 50,
    max: 3_600_000,
    fallback: 30_000,
    description: 'pause between two looks at the signing keys',
  }),
  revokedKeyKeepSeconds: variable.integer('AUTH_REVOKED_KEY_KEEP_S', {
    min: 0,
    max: 315_360_000,
    fallback: 2_592_000,
    description: 'how long the row of a revoked key is kept, without its private part, in seconds (30 days)',
  }),
} as const

const listVariables = {
  sessionListLimit: variable.integer('AUTH_SESSION_LIST_LIMIT', {
    min: 1,
    max: 1_000,
    fallback: 200,
    description: 'most sessions that a user is shown',
  }),
  denialsPageSize: variable.integer('AUTH_DENIALS_PAGE_SIZE', {
    min: 1,
    max: 10_000,
    fallback: 2_000,
    description: 'sessions and users in one page of what ended lately, about 100 bytes each',
  }),
} as const

export const authVariables = {
  ...commonVariables,
  ...tokenVariables,
  ...databaseVariables,
  ...eventVariables,
  ...keyVariables,
  ...listVariables,
  ...appleVariables,
  ...lifetimeVariables,
  opsPort: variable.port('AUTH_OPS_PORT', { fallback: 9102, description: 'ops port of auth' }),
  masterKey: variable.secretKey('AUTH_MASTER_KEY', {
    description: 'secret that seals signing keys and authenticates refresh tokens; losing it ends every session',
  }),
  nextMasterKeys: variable.secretKeys('AUTH_NEXT_MASTER_KEYS', {
    fallback: [],
    description: 'before AUTH_MASTER_KEY is replaced: the one to come, with which other replicas make things already',
  }),
  oldMasterKeys: variable.secretKeys('AUTH_OLD_MASTER_KEYS', {
    fallback: [],
    description: 'after AUTH_MASTER_KEY was replaced: the ones before it, until nothing is left that they have made',
  }),
  sealAnewEveryMs: variable.integer('AUTH_SEAL_ANEW_EVERY_MS', {
    min: 100,
    max: 86_400_000,
    fallback: 3_600_000,
    description:
      "while there are AUTH_OLD_MASTER_KEYS: pause between two walks through Apple's tokens, in which what they have sealed is sealed with AUTH_MASTER_KEY",
  }),
  handlerTimeoutMs: variable.integer('AUTH_HANDLER_TIMEOUT_MS', {
    min: 100,
    max: 60_000,
    fallback: 4_000,
    description: 'longest time one request may take here',
  }),
  maxInFlight: variable.integer('AUTH_MAX_IN_FLIGHT', {
    min: 1,
    max: 100_000,
    fallback: 2_000,
    description: 'requests worked on at the same time; more are refused',
  }),
} as const

export type AuthConfig = ConfigOf<typeof authVariables>
