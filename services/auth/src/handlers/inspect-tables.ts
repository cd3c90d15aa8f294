// How big auth's tables are, for the janitor.
import type { Handler } from '@cairn/bus'
import type { inspectAuthTables } from '@cairn/contracts'
import { inspectTables } from '@cairn/postgres'
import type { AuthContext } from '../context.ts'

export const handleInspectTables =
  ({ pool }: AuthContext): Handler<typeof inspectAuthTables> =>
  () =>
    inspectTables(pool, 'auth')
