// Everything that can be set of the janitor.
import { commonVariables, variable, type ConfigOf } from '@cairn/runtime'
import { jobTimeVariables } from './jobs/job-times.ts'

/** How jobs run, by schedule or once by hand. */
export const jobVariables = {
  ...jobTimeVariables,
  jitterPercent: variable.integer('JANITOR_JITTER_PERCENT', {
    min: 1,
    max: 100,
    fallback: 10,
    description: 'a pause is at random up to so much longer or shorter, and the first run so much of a pause later',
  }),
  firstRunAfterMs: variable.integer('JANITOR_FIRST_RUN_AFTER_MS', {
    min: 0,
    max: 600_000,
    fallback: 5_000,
    description:
      'least time before the first run of a job, so that owners that start together are there; at most its period',
  }),
  batchRows: variable.integer('JANITOR_BATCH_ROWS', {
    min: 1,
    max: 1_000,
    fallback: 500,
    description: 'most rows deleted by one request',
  }),
  pauseMs: variable.integer('JANITOR_BATCH_PAUSE_MS', {
    min: 0,
    max: 60_000,
    fallback: 10,
    description: 'pause between two requests of a run, so that others come to their turn',
  }),
  requestTimeoutMs: variable.integer('JANITOR_REQUEST_TIMEOUT_MS', {
    min: 100,
    max: 60_000,
    fallback: 5_000,
    description: 'longest wait for the answer to one bounded clean-up request',
  }),
  connectTimeoutMs: variable.integer('JANITOR_CONNECT_TIMEOUT_MS', {
    min: 100,
    max: 60_000,
    fallback: 5_000,
    description: 'longest wait of `npm run janitor -- --once` for NATS; the janitor itself waits until NATS is there',
  }),
  outboxAlertMs: variable.integer('JANITOR_OUTBOX_ALERT_MS', {
    min: 1_000,
    max: 86_400_000,
    fallback: 60_000,
    description:
      'age of the oldest event in an outbox from which on it is called stuck; it waits for milliseconds while all is well',
  }),
  streamFullPercent: variable.integer('JANITOR_STREAM_FULL_PERCENT', {
    min: 1,
    max: 100,
    fallback: 80,
    description: 'from so much of its size on a stream is called nearly full',
  }),
  abandonedGuests: variable.oneOf('JANITOR_ABANDONED_GUESTS', {
    values: ['keep', 'delete'],
    fallback: 'keep',
    description: 'what becomes of guests older than AUTH_GUEST_KEEP_S without a session; never of one with progress',
  }),
} as const

export const janitorVariables = {
  ...commonVariables,
  ...jobVariables,
  opsPort: variable.port('JANITOR_OPS_PORT', { fallback: 9105, description: 'ops port of the janitor' }),
} as const

export type JobConfig = ConfigOf<typeof jobVariables>
export type JanitorConfig = ConfigOf<typeof janitorVariables>
