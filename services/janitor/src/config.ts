// Everything that can be set of the janitor.
import { commonVariables, variable, type ConfigOf } from '@cairn/runtime'

/** How jobs run, by schedule or once by hand. */
export const jobVariables = {
  everyMs: variable.integer('JANITOR_EVERY_MS', {
    min: 1_000,
    max: 86_400_000,
    fallback: 60_000,
    description: 'pause between two runs of a job; each is moved by up to a tenth at random',
  }),
  walkEveryMs: variable.integer('JANITOR_WALK_EVERY_MS', {
    min: 1_000,
    max: 604_800_000,
    fallback: 3_600_000,
    description: 'the same for jobs that walk through a whole table: idle sessions, abandoned guests',
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
  budgetMs: variable.integer('JANITOR_RUN_BUDGET_MS', {
    min: 100,
    max: 3_600_000,
    fallback: 30_000,
    description: 'longest run of a job; what is left waits for the next one',
  }),
  requestTimeoutMs: variable.integer('JANITOR_REQUEST_TIMEOUT_MS', {
    min: 100,
    max: 60_000,
    fallback: 5_000,
    description: 'longest wait for the answer to one bounded clean-up request',
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
