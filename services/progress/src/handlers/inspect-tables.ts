// How big progress's tables are, for the janitor.
import type { TableReport } from '@cairn/contracts'
import { inspectTables } from '@cairn/postgres'
import type { ProgressContext } from '../context.ts'

export const inspectProgressTables =
  ({ pool }: ProgressContext) =>
  (): Promise<TableReport> =>
    inspectTables(pool, 'progress')
