// What can be set of reading logs, of what is kept so that they need not be read, and of trying again.
import { variable } from '@cairn/runtime'

export const repairVariables = {
  repairTimeoutMs: variable.integer('REALTIME_REPAIR_TIMEOUT_MS', {
    min: 100,
    max: 30_000,
    fallback: 5_000,
    description: 'longest wait for one page of the log',
  }),
  repairRetryMs: variable.integer('REALTIME_REPAIR_RETRY_MS', {
    min: 10,
    max: 60_000,
    fallback: 500,
    description: 'pause after a page could not be read, twice as long each time, give or take half of it',
  }),
  repairRetryMaxMs: variable.integer('REALTIME_REPAIR_RETRY_MAX_MS', {
    min: 10,
    max: 600_000,
    fallback: 5_000,
    description: 'that pause grows no longer than this',
  }),
  repairConcurrency: variable.integer('REALTIME_REPAIR_CONCURRENCY', {
    min: 1,
    max: 10_000,
    fallback: 50,
    description: 'pages of the log, and heads to compare with, read at the same time by this node',
  }),
  recentPages: variable.integer('REALTIME_RECENT_PAGES', {
    min: 1,
    max: 10_000,
    fallback: 64,
    description: 'live pages kept of one user, for clients that come back or lag',
  }),
  recentUserBytes: variable.integer('REALTIME_RECENT_USER_BYTES', {
    min: 1_024,
    max: 16_777_216,
    fallback: 262_144,
    description: 'live pages kept of one user, together',
  }),
  recentBytes: variable.integer('REALTIME_RECENT_BYTES', {
    min: 1_024,
    max: 4_294_967_296,
    fallback: 67_108_864,
    description: 'live pages kept of all users, together',
  }),
  recentMs: variable.integer('REALTIME_RECENT_MS', {
    min: 0,
    max: 3_600_000,
    fallback: 60_000,
    description: 'how long a live page is kept',
  }),
  lingerMs: variable.integer('REALTIME_LINGER_MS', {
    min: 0,
    max: 3_600_000,
    fallback: 30_000,
    description: 'how long a user is listened for after the last socket has gone, so that coming back is cheap',
  }),
  headCheckMs: variable.integer('REALTIME_HEAD_CHECK_MS', {
    min: 100,
    max: 3_600_000,
    fallback: 60_000,
    description:
      'after so long without an event, or up to half of it less, by chance, the log of a connected user is compared with what was sent',
  }),
  maxEventsBehind: variable.integer('REALTIME_MAX_EVENTS_BEHIND', {
    min: 1,
    max: 100_000,
    fallback: 1_000,
    description: 'a client further back than this is told to start again from a snapshot',
  }),
} as const
