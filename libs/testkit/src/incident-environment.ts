// Where a test's services keep incidents: a spool of their own, in the run's directory, and a stream that stays small.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Environment } from '@cairn/runtime'
import { inject } from 'vitest'

export const incidentEnvironment = (): Environment => ({
  INCIDENT_SPOOL_DIRECTORY: join(inject('backends').directory, `incidents-${randomBytes(4).toString('hex')}`),
  INCIDENT_STREAM_BYTES: '50000000',
})
