// Looks how big an owner's tables are and how old its outbox is. Deletes nothing: what waits in an outbox is never given up.
import { inspectAuthTables, inspectProgressTables } from '@cairn/contracts'
import type { Job } from './job.ts'

const operations = { auth: inspectAuthTables, progress: inspectProgressTables } as const

export const watchTablesJob = (owner: keyof typeof operations, outboxAlertMs: number): Job => ({
  name: `${owner}-tables`,
  step: async ({ ask, logger, onTables }) => {
    const { tables, outbox_oldest_ms: ageMs } = await ask(operations[owner], {})
    onTables(owner, tables)
    if (ageMs !== null && ageMs > outboxAlertMs) {
      logger.error({ owner, outbox_oldest_ms: Math.round(ageMs) }, 'the outbox is stuck: its oldest event still waits')
    }
    return { rows: 0, done: true }
  },
  oldestLeftMs: async ({ ask }) => (await ask(operations[owner], {})).outbox_oldest_ms,
})
