// What jobs ask with: the bus, and how much at once.
import { request, type Bus } from '@cairn/bus'
import type { JobConfig } from './config.ts'
import type { Asking } from './jobs/job.ts'

export const createAsking = (bus: Bus, config: JobConfig, onTables: Asking['onTables']): Asking => ({
  bus,
  logger: bus.logger,
  batchRows: config.batchRows,
  ask: (operation, payload) => request(bus, operation, { payload, timeoutMs: config.requestTimeoutMs }),
  onTables,
})
