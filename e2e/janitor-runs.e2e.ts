// Runs of the janitor by its schedule: what one run leaves the next one goes on with, and every row deleted is told of.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDatabase, databaseUrlOf, eventually, type TestDatabase } from '@cairn/testkit'
import { startFleet, type Fleet } from '@cairn/testkit/fleet'
import pg from 'pg'
import { afterEach, beforeEach, expect, inject, it } from 'vitest'

let database: TestDatabase
let pool: pg.Pool
let fleet: Fleet
let directory: string

const start = async (environment: Record<string, string>): Promise<void> => {
  const replicas = { gateway: 0, realtime: 0 }
  const given = inject('backends')
  const databaseUrl = databaseUrlOf(given.databaseUrl, database.name)
  fleet = await startFleet({ directory, databaseUrl, given: given.environment, replicas, environment })
}
beforeEach(async () => {
  const backends = inject('backends')
  database = await createTestDatabase(backends.databaseUrl, backends.template)
  directory = join(backends.directory, database.name)
  pool = new pg.Pool({ connectionString: databaseUrlOf(backends.databaseUrl, database.name), max: 2 })
  pool.on('error', () => undefined)
})
afterEach(async () => {
  await fleet.stop()
  await pool.end()
  await database.drop()
})

const log = (): Promise<string> => readFile(join(directory, 'logs', 'janitor-1.log'), 'utf8')
const count = async (from: string): Promise<number> =>
  (await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${from}`)).rows[0]?.n ?? 0
/** What the janitor exports of a job. */
const figure = async (name: string, job: string): Promise<number> => {
  const text = await (await fetch(`${fleet.of('janitor')[0]?.opsUrl ?? ''}/metrics`)).text()
  return Number(new RegExp(`^cairn_job_${name}\\{[^}]*job_name="${job}"[^}]*\\} (\\S+)`, 'm').exec(text)?.[1])
}

it('a walk through guests that its budget ends is gone on with, and gets to the youngest', async () => {
  const abandoned = `auth.users u WHERE NOT EXISTS (SELECT FROM auth.sessions s WHERE s.user_id = u.id)`
  await pool.query(`INSERT INTO auth.users (id, is_guest, created_at)
    SELECT gen_random_uuid(), true, now() - interval '400 days' + n * interval '1 hour' FROM generate_series(1, 1500) n`)
  await pool.query(`INSERT INTO auth.sessions (id, user_id, generation, current_hash, rotated_at, created_at, last_seen_at,
      idle_expires_at, absolute_expires_at)
    SELECT id, id, 0, sha256(id::text::bytea), now(), now(), now(), now() + interval '9 days', now() + interval '90 days'
    FROM auth.users ORDER BY created_at LIMIT 1490`)
  expect(await count(abandoned)).toBe(10)
  await start({
    JANITOR_ABANDONED_GUESTS: 'delete',
    JANITOR_ABANDONED_GUESTS_EVERY_MS: '1000',
    JANITOR_ABANDONED_GUESTS_BUDGET_MS: '100',
  })
  await eventually(async () => expect(await count(abandoned)).toBe(0), 40_000)
  expect(await log()).toMatch(/"job":"abandoned-guests","rows":0,[^\n]*"complete":false/)
}, 90_000)
