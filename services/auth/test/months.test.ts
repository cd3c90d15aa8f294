// Months of sign-ins, refreshes and sign-outs, a day at a time, with the clean-up that the janitor asks for: how many rows there
// are beside the sessions that live. The clock of the database is an argument: a `now()` of the test's own stands before
// PostgreSQL's in the search path of auth's role.
import { cleanUpSessions, logOut, refreshSession, signInAsGuest, sweepIdleSessions } from '@cairn/contracts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startAuthUnderTest, type AuthUnderTest } from './auth-under-test.ts'

const people = 40
const days = 120
const day = 86_400
let under: AuthUnderTest
let stopAnother: () => Promise<void>

beforeAll(async () => {
  under = await startAuthUnderTest()
  await under.stopAuth()
  await under.database.query(`
    CREATE SCHEMA simulated;
    CREATE TABLE simulated.clock (ahead interval NOT NULL);
    INSERT INTO simulated.clock VALUES ('0');
    CREATE FUNCTION simulated.now() RETURNS timestamptz STABLE LANGUAGE sql
      AS 'SELECT pg_catalog.now() + ahead FROM simulated.clock';
    GRANT USAGE ON SCHEMA simulated TO cairn_auth;
    GRANT SELECT ON simulated.clock TO cairn_auth;
    ALTER ROLE cairn_auth IN DATABASE ${under.databaseName} SET search_path = simulated, pg_catalog`)
  const lifetimes = { AUTH_REFRESH_IDLE_S: String(20 * day), AUTH_REFRESH_ABSOLUTE_S: String(60 * day) }
  const another = await under.startAnother(lifetimes)
  stopAnother = () => another.stop()
}, 60_000)
afterAll(async () => {
  await stopAnother()
  await under.stop()
})

const signIn = async (): Promise<string> => (await under.ask(signInAsGuest, {})).refresh_token
/** At the end of its life a session is begun anew. */
const refresh = (token: string): Promise<string> =>
  under.ask(refreshSession, { refresh_token: token }).then(session => session.refresh_token, signIn)

const cleanUp = async (): Promise<void> => {
  while ((await under.ask(cleanUpSessions, { limit: 500 })).deleted === 500);
  let page: number | null = 0
  while (page !== null)
    page = (await under.ask(sweepIdleSessions, { from_page: page, pages: 50, limit: 500 })).next_page
}

const countRows = async (): Promise<{ all: number; live: number }> => {
  const { rows } = await under.database.query<{ all: number; live: number }>(
    `SELECT count(*)::int AS all, count(*) FILTER (
      WHERE ended_at IS NULL AND least(idle_expires_at, absolute_expires_at) > simulated.now())::int AS live
      FROM auth.sessions`,
  )
  return rows[0] ?? { all: 0, live: 0 }
}

/** Every other day one person never comes again, and somebody else does. */
const liveADay = async (tokens: string[], today: number): Promise<void> => {
  const leaving = people / 20
  const signsOut = (person: number): boolean => Math.floor(person / leaving) === today % (people / leaving)
  await Promise.all(
    tokens.map(async (token, person) => {
      if (signsOut(person)) {
        await under.ask(logOut, { refresh_token: token })
        tokens[person] = await signIn()
      } else if (today % 2 === 0 && person === today % people) tokens[person] = await signIn()
      else tokens[person] = await refresh(token)
    }),
  )
}

it('keeps the rows of sessions within 1.2 times those that live, over months', async () => {
  const tokens = await Promise.all(Array.from({ length: people }, signIn))
  let worst = 0
  for (let today = 1; today <= days; today += 1) {
    await under.database.query(`UPDATE simulated.clock SET ahead = ahead + interval '1 day'`)
    await liveADay(tokens, today)
    await cleanUp()
    const { all, live } = await countRows()
    expect(live).toBeGreaterThanOrEqual(people)
    worst = Math.max(worst, all / live)
  }
  expect(worst).toBeLessThanOrEqual(1.2)
}, 180_000)
