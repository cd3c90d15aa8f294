// Every job there is: what, and how often when nobody says otherwise.
import {
  cleanUpAppleCodes,
  cleanUpAppleNotifications,
  cleanUpDeniedUsers,
  cleanUpNonces,
  cleanUpSessions,
  cleanUpSigningKeys,
} from '@cairn/contracts'
import { abandonedGuestsJob } from './abandoned-guests-job.ts'
import { cleanUpJob } from './clean-up-job.ts'
import { idleSessionsJob } from './idle-sessions-job.ts'
import type { Job } from './job.ts'
import { watchStreamsJob } from './watch-streams-job.ts'
import { watchTablesJob } from './watch-tables-job.ts'

export interface ScheduledJob extends Job {
  readonly everyMs: number
}

export interface JobTimes {
  /** Between two runs of a job that deletes what an index finds, or only looks. */
  readonly everyMs: number
  /** Between two runs of a job that walks through a whole table. */
  readonly walkEveryMs: number
  readonly abandonedGuests: 'keep' | 'delete'
}

export const jobsOf = ({ everyMs, walkEveryMs, abandonedGuests }: JobTimes): readonly ScheduledJob[] => [
  { ...cleanUpJob('expired-nonces', cleanUpNonces), everyMs },
  { ...cleanUpJob('dead-sessions', cleanUpSessions), everyMs },
  { ...cleanUpJob('denied-users', cleanUpDeniedUsers), everyMs },
  { ...cleanUpJob('apple-notifications', cleanUpAppleNotifications), everyMs },
  { ...cleanUpJob('unused-apple-codes', cleanUpAppleCodes), everyMs },
  { ...cleanUpJob('revoked-keys', cleanUpSigningKeys), everyMs },
  { ...watchTablesJob('auth'), everyMs },
  { ...watchTablesJob('progress'), everyMs },
  { ...watchStreamsJob, everyMs },
  { ...idleSessionsJob(), everyMs: walkEveryMs },
  ...(abandonedGuests === 'delete' ? [{ ...abandonedGuestsJob, everyMs: walkEveryMs }] : []),
]
