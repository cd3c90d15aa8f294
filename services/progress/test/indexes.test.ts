// Every request finds what it needs by an index: beside 20 000 other users no row is read by a sequential scan. Counted by the
// database itself while the service works, so that a new statement is part of it.
import { randomUUID } from 'node:crypto'
import { findUsersWithProgress, readDays, readTrack, readTracks } from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { phoneOf, startProgressUnderTest, type ProgressUnderTest } from './running-progress.ts'

const tables = ['heads', 'events', 'items', 'tracks', 'days']
const used = [
  'heads_pkey',
  'events_pkey',
  'events_event_id_key',
  'events_item_idx',
  'items_pkey',
  'tracks_pkey',
  'tracks_latest_idx',
  'days_pkey',
]
let progress: ProgressUnderTest

const fill = `
CREATE TEMPORARY TABLE people AS SELECT gen_random_uuid() AS id FROM generate_series(1, 20000);
INSERT INTO progress.heads (user_id, seq, tracks, items, event_count) SELECT id, 1, 1, 1, 1 FROM people;
INSERT INTO progress.events (user_id, seq, event_id, track_id, item_id, kind, occurred_at, offset_minutes, received_at)
  SELECT id, 1, gen_random_uuid(), 't', 'i', 'started', now(), 0, now() FROM people;
INSERT INTO progress.items (user_id, track_id, item_id, percent, points, duration_ms, event_count, first_at, last_at)
  SELECT id, 't', 'i', 0, 0, 0, 1, now(), now() FROM people;
INSERT INTO progress.tracks SELECT id, 't', 1, 0, 0, 0, 1, now(), 1 FROM people;
INSERT INTO progress.days SELECT id, current_date, 1, 0, 0 FROM people;
`

beforeAll(async () => {
  progress = await startProgressUnderTest()
  await progress.database.query(fill)
  for (const table of tables) await progress.database.query(`VACUUM ANALYZE progress.${table}`)
}, 60_000)
afterAll(async () => {
  await progress.stop()
})

const counted = async (query: string): Promise<Record<string, number>> => {
  const { rows } = await progress.database.query<{ name: string; n: number }>(query)
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]))
}
const rowsScanned = (): Promise<Record<string, number>> =>
  counted(`SELECT relname::text AS name, seq_tup_read::float8 AS n FROM pg_stat_user_tables
    WHERE schemaname = 'progress' AND relname IN ('heads', 'events', 'items', 'tracks', 'days')`)
const indexScans = (): Promise<Record<string, number>> =>
  counted(
    `SELECT indexrelname::text AS name, idx_scan::float8 AS n FROM pg_stat_user_indexes WHERE schemaname = 'progress'`,
  )

/** What a connection has counted is counted when it ends; the service makes new ones. */
const endConnections = async (): Promise<void> => {
  const own = `usename = 'cairn_progress' AND datname = current_database()`
  const { rows } = await progress.database.query<{ pid: number }>(
    `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${own}`,
  )
  const pids = rows.map(row => row.pid)
  await eventually(async () => {
    const { rowCount } = await progress.database.query('SELECT FROM pg_stat_activity WHERE pid = ANY ($1)', [pids])
    expect(rowCount).toBe(0)
  })
}

it('of progress, beside 20 000 other users', async () => {
  const before = await rowsScanned()
  for (let round = 0; round < 8; round += 1) {
    const phone = phoneOf(progress)
    const record = async (kind: string, occurredAt: string): Promise<void> => {
      const event = { event_id: randomUUID(), track_id: 't', item_id: 'i', kind, occurred_at: occurredAt }
      const { results } = await phone.submit(event)
      expect(results[0]?.status).toBe('applied')
    }
    await record('started', '2026-03-01T10:00:00Z')
    await record('practiced', '2026-03-02T10:00:00Z')
    // A late day, a reset that leaves something to be counted again, and one that leaves the track nothing.
    await record('practiced', '2026-02-20T10:00:00Z')
    await record('reset', '2026-03-01T12:00:00Z')
    await record('reset', '2026-03-03T12:00:00Z')
    await phone.snapshot()
    await phone.changes({ since: 0 })
    await phone.head()
    await progress.ask(readTracks, {}, phone.userId)
    await progress.ask(readTrack, { track_id: 't' }, phone.userId)
    await progress.ask(readDays, { from: '2026-03-01', to: '2026-03-31' }, phone.userId)
    await progress.ask(findUsersWithProgress, { user_ids: [phone.userId] })
  }
  await endConnections()
  expect(await rowsScanned()).toEqual(before)
  const scans = await indexScans()
  for (const index of used) {
    expect([index, scans[index]]).toEqual([index, expect.toSatisfy((n: number) => n > 0)])
  }
}, 60_000)
