// What the janitor deletes and what never: jobs run once by hand, and janitors that are killed, doubled, without their owner,
// or on a machine whose clock is wrong. Row 65 of the table of bad inputs.
import { Bus, streamPublisher } from '@cairn/bus'
import { deriveNatsUrl } from '@cairn/local'
import { captureLogs, eventually } from '@cairn/testkit'
import type { Fleet } from '@cairn/testkit/fleet'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { countSessions, fillSessions } from './janitor/fill-sessions.ts'
import { openJanitorScene, type JanitorScene } from './janitor/janitor-scene.ts'
import { runCommand } from './run-command.ts'

let scene: JanitorScene
let pool: pg.Pool
let fleet: Fleet
const start = async (janitors: number, environment: Record<string, string> = {}): Promise<void> => {
  fleet = await scene.start(janitors, environment)
}
beforeEach(async () => {
  scene = await openJanitorScene()
  pool = scene.pool
})
afterEach(() => scene.close())

const once = (...args: string[]) =>
  runCommand('janitor', { NATS_URL: deriveNatsUrl(fleet.nats.url, 'operator') }, '--once', ...args)

describe('npm run janitor -- --once', () => {
  it('deletes what is dead and nothing else, and in a dry run nothing at all', async () => {
    await start(0)
    await fillSessions(pool, { count: 700, absoluteExpiresAt: `now() - interval '90 seconds'` })
    await fillSessions(pool, { count: 5, endedAt: `now() - interval '25 hours'` })
    await fillSessions(pool, { count: 6, endedAt: `now() - interval '23 hours'` })
    await fillSessions(pool, { count: 7, idleExpiresAt: `now() - interval '1 second'` })
    await fillSessions(pool, { count: 8 })
    const dry = await once('dead-sessions', '--dry-run')
    expect(dry).toMatchObject({ code: 0, output: expect.stringContaining('dead-sessions: 500 rows are due') })
    expect(await countSessions(pool)).toBe(726)
    expect((await once('dead-sessions')).output).toContain('dead-sessions: 705 rows deleted (2 requests')
    const byThree = { NATS_URL: deriveNatsUrl(fleet.nats.url, 'operator'), JANITOR_BATCH_ROWS: '3' }
    const idle = await runCommand('janitor', byThree, '--once', 'idle-sessions')
    expect(idle.output).toContain('idle-sessions: 7 rows deleted (3 requests')
    expect(await countSessions(pool)).toBe(14)
    const all = await once()
    expect(all.code).toBe(0)
    expect(all.output.match(/: 0 rows deleted/g)).toHaveLength(10)
    expect((await once('no-such-job')).output).toContain('there is no such job; there are: expired-nonces')
  }, 120_000)

  it('shows what the janitor would warn of', async () => {
    await start(0)
    const bus = await Bus.connect({ url: fleet.nats.url, name: 'test', logger: captureLogs().loggerFor('test') })
    const stream = { name: 'FULL', subjects: ['full'], max_age: 60e9, max_bytes: 2_000, duplicate_window: 1e9 }
    await bus.nats.request('$JS.API.STREAM.CREATE.FULL', JSON.stringify(stream))
    await streamPublisher(bus, 2_000).publish('full', { payload: 'x'.repeat(1_800), id: 'one' })
    await bus.drain(0)
    const { code, output } = await once('stream-limits')
    expect(output).toMatch(/"stream":"FULL",[^\n]*"a stream is nearly full and will drop its oldest events"/)
    expect(code).toBe(0)
  }, 60_000)

  it('goes by the time of the database when the clock of its machine is an hour off', async () => {
    await start(0)
    await fillSessions(pool, { count: 20, absoluteExpiresAt: `now() + interval '30 minutes'` })
    await fillSessions(pool, { count: 3, absoluteExpiresAt: `now() - interval '30 minutes'` })
    const shift = 'data:text/javascript,const{now}=Date;Date.now=()=>now()+36e5'
    const off = { NATS_URL: deriveNatsUrl(fleet.nats.url, 'operator'), NODE_OPTIONS: `--import=${shift}` }
    expect((await runCommand('janitor', off, '--once', 'dead-sessions')).output).toContain('3 rows deleted')
    expect(await countSessions(pool)).toBe(20)
  }, 60_000)

  it('deletes abandoned guests only when it is told to, and never one with progress or a session', async () => {
    await start(0)
    const old = `now() - interval '100 days'`
    const { rows } = await pool.query<{ id: string }>(
      `INSERT INTO auth.users (id, is_guest, created_at) SELECT gen_random_uuid(), n < 5, CASE WHEN n = 4 THEN now() ELSE ${old} END
        FROM generate_series(1, 5) n RETURNING id`,
    )
    const [abandoned, withProgress, withSession] = rows.map(row => row.id)
    await pool.query('INSERT INTO progress.heads (user_id, seq) VALUES ($1, 1), ($2, 0)', [withProgress, abandoned])
    await fillSessions(pool, { count: 1 })
    await pool.query('UPDATE auth.sessions SET user_id = $1', [withSession])
    const left = async () =>
      (await pool.query<{ id: string }>('SELECT id FROM auth.users WHERE id = ANY ($1)', [rows.map(row => row.id)]))
        .rowCount
    const environment = { NATS_URL: deriveNatsUrl(fleet.nats.url, 'operator'), JANITOR_ABANDONED_GUESTS: 'delete' }
    expect((await once('abandoned-guests')).output).toContain('there is no such job')
    const dry = await runCommand('janitor', environment, '--once', 'abandoned-guests', '--dry-run')
    expect(dry.output).toContain('1 rows are due')
    const [progress] = fleet.of('progress')
    await progress?.stop()
    expect((await runCommand('janitor', environment, '--once', 'abandoned-guests')).code).toBe(1)
    expect(await left()).toBe(5)
    await progress?.restart()
    expect((await runCommand('janitor', environment, '--once', 'abandoned-guests')).output).toContain('1 rows deleted')
    expect(await left()).toBe(4)
    const { rows: gone } = await pool.query('SELECT 1 FROM auth.users WHERE id = $1', [abandoned])
    expect(gone).toEqual([])
    await eventually(async () => {
      expect((await pool.query('SELECT user_id FROM progress.heads')).rows).toEqual([{ user_id: withProgress }])
    }, 10_000)
  }, 90_000)
})

describe('janitors', () => {
  it('share the work, go on when one is killed and when their owner was away, and lose no live session', async () => {
    await fillSessions(pool, { count: 20_000, absoluteExpiresAt: `now() - interval '1 hour'` })
    await fillSessions(pool, { count: 1_000 })
    const environment = {
      JANITOR_DEAD_SESSIONS_EVERY_MS: '1000',
      JANITOR_BATCH_ROWS: '50',
      JANITOR_REQUEST_TIMEOUT_MS: '1500',
    }
    await start(2, environment)
    const [first, second] = fleet.of('janitor')
    const [auth] = fleet.of('auth')
    const expired = 'absolute_expires_at <= now()'
    await eventually(async () => expect(await countSessions(pool, expired)).toBeLessThan(19_500), 20_000)
    await first?.kill()
    const atKill = await countSessions(pool, expired)
    expect(atKill).toBeGreaterThan(0)
    await auth?.kill()
    await eventually(
      async () => expect(await scene.logOf('janitor-2')).toContain('job failed; the next run goes on'),
      20_000,
    )
    await auth?.restart()
    await first?.restart()
    await eventually(async () => expect(await countSessions(pool, expired)).toBe(0), 40_000)
    expect(await countSessions(pool)).toBe(1_000)
    const done = /"job":"dead-sessions","rows":\d+,"batches":\d+,"ms":\d+,"longest_batch_ms":\d+,"complete":true/
    await eventually(async () => expect(await scene.logOf('janitor-2')).toMatch(done), 20_000)
    expect(second?.pid).toBeGreaterThan(0)
  }, 120_000)
})
