// Every request of the hot paths finds what it needs by an index: in big tables no row is read by a sequential scan. Counted by
// the database itself while the service works, so that a new statement is part of it.
import {
  cleanUpAppleCodes,
  cleanUpAppleNotifications,
  cleanUpDeniedUsers,
  cleanUpNonces,
  cleanUpSessions,
  endOtherSessions,
  findAbandonedGuests,
  listSessions,
  logOut,
  readDenials,
  readMe,
  refreshSession,
  signInAsGuest,
} from '@cairn/contracts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { signIn, startAuthUnderTest, type AuthUnderTest } from './auth-under-test.ts'

const rows = 20_000
const tables = [
  'users',
  'identities',
  'sessions',
  'nonces',
  'denied_users',
  'apple_notifications',
  'apple_grants',
  'apple_revocations',
]
let under: AuthUnderTest

const fill = `
INSERT INTO auth.users (id, is_guest, created_at) SELECT gen_random_uuid(), true, now() - interval '1 year' FROM generate_series(1, ${rows});
INSERT INTO auth.identities SELECT 'i', 't', id::text, id FROM auth.users;
INSERT INTO auth.sessions (id, user_id, generation, current_hash, rotated_at, created_at, last_seen_at, idle_expires_at,
    absolute_expires_at, ended_at, end_reason)
  SELECT gen_random_uuid(), id, 0, sha256(id::text::bytea), now(), now(), now(), now() + interval '9 days', now() + interval '90 days',
    CASE WHEN n % 10 = 0 THEN now() - interval '2 days' END, CASE WHEN n % 10 = 0 THEN 'logged_out'::auth.session_end_reason END
  FROM (SELECT id, row_number() OVER () AS n FROM auth.users) AS numbered;
INSERT INTO auth.nonces SELECT sha256(n::text::bytea), now() + interval '1 hour' FROM generate_series(1, ${rows}) n;
INSERT INTO auth.denied_users SELECT gen_random_uuid(), 5, now() - interval '2 days' FROM generate_series(1, ${rows});
INSERT INTO auth.apple_grants (user_id, client_id, code_sealed, code_expires_at, next_attempt_at)
  SELECT id, 'app', CASE WHEN due THEN 'sealed'::bytea END, CASE WHEN due THEN now() - interval '1 day' END, CASE WHEN due THEN now() END
  FROM (SELECT id, row_number() OVER () <= 3500 AS due FROM auth.users) AS numbered;
INSERT INTO auth.apple_revocations (id, client_id, token_sealed, expires_at)
  SELECT id, 'app', 'sealed', now() - interval '1 day' FROM auth.users;
INSERT INTO auth.apple_notifications SELECT sha256(n::text::bytea), now() - interval '9 days' FROM generate_series(1, ${rows}) n;
`

beforeAll(async () => {
  under = await startAuthUnderTest()
  await under.database.query(fill)
  for (const table of tables) await under.database.query(`VACUUM ANALYZE auth.${table}`)
}, 60_000)
afterAll(async () => {
  await under.stop()
})

const rowsScanned = async (): Promise<Record<string, number>> => {
  const { rows: read } = await under.database.query<{ name: string; n: number }>(
    `SELECT relname::text AS name, seq_tup_read::float8 AS n FROM pg_stat_user_tables
      WHERE schemaname = 'auth' AND relname = ANY ($1)`,
    [tables],
  )
  return Object.fromEntries(read.map(({ name, n }) => [name, n]))
}
const scansOf = async (index: string): Promise<number> => {
  const { rows: read } = await under.database.query<{ n: number }>(
    `SELECT idx_scan::int AS n FROM pg_stat_user_indexes WHERE schemaname = 'auth' AND indexrelname = $1`,
    [index],
  )
  return read[0]?.n ?? 0
}

it('of auth, in tables of 20 000 rows', async () => {
  const before = await rowsScanned()
  for (let round = 0; round < 8; round += 1) {
    const session = await under.ask(signInAsGuest, {})
    const caller = { userId: session.user.id, sessionId: session.session_id }
    const next = await under.ask(refreshSession, { refresh_token: session.refresh_token })
    await under.ask(readMe, {}, caller)
    await under.ask(listSessions, {}, caller)
    await under.ask(endOtherSessions, {}, caller)
    await under.ask(logOut, { refresh_token: next.refresh_token })
    await signIn(under, { sub: 'somebody' })
    await under.ask(readDenials, {})
    await under.ask(cleanUpNonces, { limit: 100 })
    await under.ask(cleanUpSessions, { limit: 100 })
    await under.ask(cleanUpSessions, { limit: 100, dry_run: true })
    await under.ask(cleanUpDeniedUsers, { limit: 100 })
    await under.ask(cleanUpAppleNotifications, { limit: 100 })
    await under.ask(findAbandonedGuests, { limit: 100 })
    // Codes for the first rounds, then revocations.
    await under.ask(cleanUpAppleCodes, { limit: 1_000 })
  }
  // Its connections end, and with them what they have counted is counted.
  await under.stopAuth()
  const after = await rowsScanned()
  expect(after).toEqual(before)
  for (const index of [
    'users_pkey',
    'users_guests',
    'sessions_pkey',
    'sessions_user_id',
    'sessions_unended_absolute_expires_at',
    'sessions_ended',
    'nonces_expires_at',
    'denied_users_denied_at',
    'apple_notifications_received_at',
    'identities_pkey',
    'apple_grants_code_expires_at',
    'apple_revocations_expires_at',
  ]) {
    expect([index, await scansOf(index)]).toEqual([index, expect.toSatisfy((scans: number) => scans > 0)])
  }
}, 60_000)

it('a batch of expired sessions does not read past ended ones that are kept for longer', async () => {
  const fetched = async (): Promise<number> => {
    const { rows: read } = await under.database.query<{ n: number }>(
      `SELECT idx_tup_fetch::int AS n FROM pg_stat_user_tables WHERE schemaname = 'auth' AND relname = 'sessions'`,
    )
    return read[0]?.n ?? 0
  }
  await under.database.query(`UPDATE auth.sessions SET ended_at = now(), end_reason = 'logged_out',
    absolute_expires_at = now() - interval '40 days' WHERE id IN (SELECT id FROM auth.sessions LIMIT 3000) OR ended_at < now()`)
  await under.database.query(`UPDATE auth.sessions SET absolute_expires_at = now() - interval '1 day'
    WHERE id IN (SELECT id FROM auth.sessions WHERE ended_at IS NULL LIMIT 30)`)
  await under.database.query('VACUUM ANALYZE auth.sessions')
  // What these statements have counted themselves is not to be counted later.
  await under.database.query('SELECT pg_stat_force_next_flush()')
  const another = await under.startAnother()
  const before = await fetched()
  let deleted = 0
  for (let batch = 0; batch < 4; batch += 1) deleted += (await under.ask(cleanUpSessions, { limit: 10 })).deleted
  await another.stop()
  expect(deleted).toBe(30)
  expect((await fetched()) - before).toBeLessThan(1_000)
}, 60_000)
