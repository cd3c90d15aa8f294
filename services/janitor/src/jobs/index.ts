// Every job there is: what it does, and its times.
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
import type { JobConfig } from '../config.ts'
import type { Job } from './job.ts'
import { timesOf, type JobTimes } from './job-times.ts'
import { watchStreamsJob } from './watch-streams-job.ts'
import { watchTablesJob } from './watch-tables-job.ts'

export interface ScheduledJob extends Job, JobTimes {}

export const jobsOf = (config: JobConfig): readonly ScheduledJob[] => {
  const { abandonedGuests, outboxAlertMs, streamFullPercent } = config
  const jobs = [
    cleanUpJob('expired-nonces', cleanUpNonces),
    cleanUpJob('dead-sessions', cleanUpSessions),
    cleanUpJob('denied-users', cleanUpDeniedUsers),
    cleanUpJob('apple-notifications', cleanUpAppleNotifications),
    cleanUpJob('unused-apple-codes', cleanUpAppleCodes),
    cleanUpJob('revoked-keys', cleanUpSigningKeys),
    watchTablesJob('auth', outboxAlertMs),
    watchTablesJob('progress', outboxAlertMs),
    watchStreamsJob(streamFullPercent),
    idleSessionsJob(),
    ...(abandonedGuests === 'delete' ? [abandonedGuestsJob()] : []),
  ]
  return jobs.map(job => ({ ...job, ...timesOf(job.name, config) }))
}
