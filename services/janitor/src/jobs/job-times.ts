// When each job runs and for how long: what is the default here, and a variable for each.
import { variable, type ConfigOf, type Variable } from '@cairn/runtime'

const minuteMs = 60_000
const hourMs = 3_600_000

/** What an index finds, or is only looked at, every minute; walks through a whole table every hour. */
const defaultEveryMs = {
  'expired-nonces': minuteMs,
  'dead-sessions': minuteMs,
  'denied-users': minuteMs,
  'apple-notifications': minuteMs,
  'unused-apple-codes': minuteMs,
  'revoked-keys': minuteMs,
  'auth-tables': minuteMs,
  'progress-tables': minuteMs,
  'stream-limits': minuteMs,
  'idle-sessions': hourMs,
  'abandoned-guests': hourMs,
} as const
const defaultBudgetMs = 30_000

export type JobName = keyof typeof defaultEveryMs

export interface JobTimes {
  /** Between the end of a run and the start of the next. */
  readonly everyMs: number
  /** The longest run; what is left waits for the next one. */
  readonly budgetMs: number
}

type JobTimeVariables = { readonly [Key in `${JobName}.${keyof JobTimes}`]: Variable<number> }

const variablesOf = (job: string, everyMs: number): Record<string, Variable<number>> => {
  const prefix = `JANITOR_${job.toUpperCase().replaceAll('-', '_')}`
  return {
    [`${job}.everyMs`]: variable.integer(`${prefix}_EVERY_MS`, {
      min: 1_000,
      max: 604_800_000,
      fallback: everyMs,
      description: `pause between two runs of the job ${job}`,
    }),
    [`${job}.budgetMs`]: variable.integer(`${prefix}_BUDGET_MS`, {
      min: 100,
      max: 3_600_000,
      fallback: defaultBudgetMs,
      description: `longest run of the job ${job}; what is left waits for the next one`,
    }),
  }
}

export const jobTimeVariables = Object.assign(
  {},
  ...Object.entries(defaultEveryMs).map(([job, everyMs]) => variablesOf(job, everyMs)),
) as JobTimeVariables

export const timesOf = (job: JobName, config: ConfigOf<JobTimeVariables>): JobTimes => ({
  everyMs: config[`${job}.everyMs`],
  budgetMs: config[`${job}.budgetMs`],
})
