// An outbox of its own for each test, and relays of it, which end with the test.
import { join } from 'node:path'
import { OutboxRelay, type OutboxOptions, type OutboxRow } from '@cairn/postgres'
import { migrate } from '@cairn/postgres/migrate'
import { createEmptyDatabase, databaseUrlOf, type EmptyDatabase } from '@cairn/testkit'
import pg from 'pg'
import { afterEach, beforeEach } from 'vitest'

export interface StartedRelay {
  readonly relay: OutboxRelay
  readonly failures: readonly unknown[]
}

export interface OutboxScene {
  /** As the administrator. */
  readonly client: pg.Client
  readonly url: string
  /** How many rows wait. */
  readonly left: () => Promise<number>
  readonly start: (publish: (row: OutboxRow) => Promise<void>, options?: Partial<OutboxOptions>) => StartedRelay
}

/** To be called once in a file; what it returns is there while a test runs. */
export const outboxScene = (): OutboxScene => {
  let database: EmptyDatabase
  let client: pg.Client
  const relays: OutboxRelay[] = []
  beforeEach(async () => {
    database = await createEmptyDatabase()
    const directory = join(import.meta.dirname, 'fixtures', 'first')
    const serviceUrl = databaseUrlOf(database.url, database.name, { user: 'cairn_progress', password: '' })
    const owners = [{ schema: 'first', directory, serviceUrl }]
    await migrate({ databaseUrl: database.url, owners, say: () => undefined })
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
  })
  afterEach(async () => {
    await Promise.all(relays.splice(0).map(relay => relay.stop()))
    await client.end()
    await database.drop()
  })
  return {
    get client() {
      return client
    },
    get url() {
      return database.url
    },
    left: async () => Number((await client.query('SELECT count(*) AS n FROM first.outbox')).rows[0].n),
    start: (publish, options = {}) => {
      const failures: unknown[] = []
      const relay = new OutboxRelay({
        url: database.url,
        table: 'first.outbox',
        batchSize: 10,
        rememberedSubjects: 100,
        pollMs: 50,
        takeoverMs: 10_000,
        publishTimeoutMs: 10,
        connected: () => true,
        publish,
        onFailure: error => failures.push(error),
        ...options,
      })
      relays.push(relay)
      return { relay, failures }
    },
  }
}
