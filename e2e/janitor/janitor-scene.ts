// A database of its own, and auth, progress and janitors on it; nothing with a front door.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDatabase, databaseUrlOf } from '@cairn/testkit'
import { startFleet, type Fleet } from '@cairn/testkit/fleet'
import pg from 'pg'
import { inject } from 'vitest'

export interface JanitorScene {
  readonly pool: pg.Pool
  start(janitors: number, environment?: Readonly<Record<string, string>>): Promise<Fleet>
  /** Of a member, e.g. `janitor-1`. */
  logOf(name: string): Promise<string>
  /** Ends what was started. */
  close(): Promise<void>
}

export const openJanitorScene = async (): Promise<JanitorScene> => {
  const backends = inject('backends')
  const database = await createTestDatabase(backends.databaseUrl, backends.template)
  const databaseUrl = databaseUrlOf(backends.databaseUrl, database.name)
  const directory = join(backends.directory, database.name)
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  pool.on('error', () => undefined)
  let fleet: Fleet | undefined
  return {
    pool,
    start: async (janitors, environment = {}) => {
      const replicas = { gateway: 0, realtime: 0, janitor: janitors }
      fleet = await startFleet({ directory, databaseUrl, given: backends.environment, replicas, environment })
      return fleet
    },
    logOf: name => readFile(join(directory, 'logs', `${name}.log`), 'utf8'),
    close: async () => {
      await fleet?.stop()
      await pool.end()
      await database.drop()
    },
  }
}
