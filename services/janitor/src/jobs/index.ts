// Every clean-up there is: one line each.
import {
  cleanUpAppleCodes,
  cleanUpAppleNotifications,
  cleanUpDeniedUsers,
  cleanUpNonces,
  cleanUpSessions,
  cleanUpSigningKeys,
} from '@cairn/contracts'
import type { Job } from './job.ts'

export const jobs: readonly Job[] = [
  { name: 'expired-nonces', operation: cleanUpNonces, batchRows: 500, maxBatches: 200 },
  { name: 'dead-sessions', operation: cleanUpSessions, batchRows: 500, maxBatches: 200 },
  { name: 'denied-users', operation: cleanUpDeniedUsers, batchRows: 500, maxBatches: 200 },
  { name: 'apple-notifications', operation: cleanUpAppleNotifications, batchRows: 500, maxBatches: 200 },
  { name: 'unused-apple-codes', operation: cleanUpAppleCodes, batchRows: 500, maxBatches: 200 },
  { name: 'revoked-keys', operation: cleanUpSigningKeys, batchRows: 100, maxBatches: 10 },
]
