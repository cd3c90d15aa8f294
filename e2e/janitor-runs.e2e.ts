// Runs of the janitor by its schedule: what one run leaves the next one goes on with, and every row deleted is told of.
import { eventually } from '@cairn/testkit'
import type { Fleet } from '@cairn/testkit/fleet'
import type pg from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openJanitorScene, type JanitorScene } from './janitor/janitor-scene.ts'

let scene: JanitorScene
let pool: pg.Pool
let fleet: Fleet
const start = async (environment: Record<string, string>): Promise<void> => {
  fleet = await scene.start(1, environment)
}
beforeEach(async () => {
  scene = await openJanitorScene()
  pool = scene.pool
})
afterEach(() => scene.close())

const log = (): Promise<string> => scene.logOf('janitor-1')
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
  // Runs come each second, and none has got through.
  await eventually(async () => expect(await figure('silence', 'abandoned-guests')).toBeGreaterThan(3), 20_000)
  expect(await figure('complete', 'abandoned-guests')).toBe(0)
  await eventually(async () => expect(await count(abandoned)).toBe(0), 40_000)
  await eventually(async () => expect(await figure('complete', 'abandoned-guests')).toBe(1), 20_000)
  expect(await figure('silence', 'abandoned-guests')).toBeLessThan(3)
  expect(await log()).toMatch(/"job":"abandoned-guests","rows":0,[^\n]*"complete":false/)
}, 90_000)

const fillNonces = (ages: string): Promise<unknown> =>
  pool.query(`INSERT INTO auth.nonces SELECT sha256(s::text::bytea), now() - s * interval '1 second' FROM ${ages} s`)

it('rows that were deleted before a failure are in its line and in the figures', async () => {
  await fillNonces('generate_series(1, 17)')
  await pool.query(
    `CREATE FUNCTION auth.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this one'; END $$`,
  )
  await pool.query(`CREATE TRIGGER refuse BEFORE DELETE ON auth.nonces FOR EACH ROW
    WHEN (OLD.hash = sha256('1')) EXECUTE FUNCTION auth.refuse()`)
  await start({ JANITOR_BATCH_ROWS: '1', JANITOR_FIRST_RUN_AFTER_MS: '0', JANITOR_EXPIRED_NONCES_EVERY_MS: '1000' })
  const line = /"rows":16,"batches":16,"ms":\d+,"longest_batch_ms":\d+,"complete":false[^\n]*"job failed/
  await eventually(async () => expect(await log()).toMatch(line), 20_000)
  expect(await count('auth.nonces')).toBe(1)
  expect(await figure('rows', 'expired-nonces')).toBe(16)
  expect(await figure('batches', 'expired-nonces')).toBe(16)
  expect(await figure('complete', 'expired-nonces')).toBe(0)
}, 60_000)

it('a pause between two requests does not hold up a stop, and the run says what it did', async () => {
  await fillNonces('generate_series(1, 3)')
  await start({
    JANITOR_BATCH_ROWS: '1',
    JANITOR_BATCH_PAUSE_MS: '60000',
    JANITOR_EXPIRED_NONCES_BUDGET_MS: '600000',
    JANITOR_EXPIRED_NONCES_EVERY_MS: '1000',
  })
  await eventually(async () => expect(await count('auth.nonces')).toBe(2), 20_000)
  await fleet.of('janitor')[0]?.stop()
  expect(await log()).toMatch(/"job":"expired-nonces","rows":1,"batches":1,[^\n]*"complete":false/)
  expect(await log()).toContain('"stopped"')
}, 60_000)
