// Where a test's services keep incidents that the bus cannot take: a spool of their own, in the run's directory.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Environment } from '@cairn/runtime'
import { inject } from 'vitest'

export const incidentEnvironment = (): Environment => ({
  INCIDENT_SPOOL_DIRECTORY: join(inject('backends').directory, `incidents-${randomBytes(4).toString('hex')}`),
})
