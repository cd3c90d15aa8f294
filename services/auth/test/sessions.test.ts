// Sessions as their users manage them: listed, ended, logged out of; and what verifiers are told of it.
import { randomUUID } from 'node:crypto'
import {
  cleanUpDeniedUsers,
  cleanUpSessions,
  endOtherSessions,
  endSession,
  listSessions,
  logOut,
  readDenials,
  refreshSession,
  sessionEndedSubjects,
  signInAsGuest,
  type Caller,
  type Denials,
  type Session,
  type SessionEnded,
} from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listenFor, signIn, startAuthUnderTest, type AuthUnderTest } from './auth-under-test.ts'

let under: AuthUnderTest
const told: SessionEnded[] = []

beforeAll(async () => {
  under = await startAuthUnderTest({ AUTH_DENIALS_PAGE_SIZE: '3' })
  listenFor(under, sessionEndedSubjects, event => void told.push(event as SessionEnded))
})
afterAll(async () => {
  await under.stop()
})

const callerOf = (session: Session): Caller => ({ userId: session.user.id, sessionId: session.session_id })
const guest = (): Promise<Session> => under.ask(signInAsGuest, {})
const sessionsOf = async (count: number): Promise<Session[]> => {
  const sub = randomUUID()
  const sessions: Session[] = []
  for (let index = 0; index < count; index += 1) sessions.push(await signIn(under, { sub }))
  return sessions
}
const refresh = (session: Session): Promise<Session> =>
  under.ask(refreshSession, { refresh_token: session.refresh_token })
const listed = async (session: Session): Promise<string[]> =>
  (await under.ask(listSessions, {}, callerOf(session))).sessions.map(one => one.id)
const set = (session: Session, change: string): Promise<unknown> =>
  under.database.query(`UPDATE auth.sessions SET ${change} WHERE id = $1`, [session.session_id])
/** What was told of a user's sessions: other tests may cause events at any time. */
const toldOf = ({ user }: Session): SessionEnded[] => told.filter(event => event.user_id === user.id)
const dead = { code: 'token_invalid' }

describe('the list of sessions', () => {
  it('names the live ones with their devices, the one that asks first', async () => {
    const [first, second] = await sessionsOf(2)
    if (first === undefined || second === undefined) throw new Error('no sessions')
    await set(second, `device_id = 'd1', device_name = 'phone', device_platform = 'ios'`)
    const { sessions } = await under.ask(listSessions, {}, callerOf(first))
    expect(sessions).toEqual([
      {
        id: first.session_id,
        device: {},
        created_at: expect.any(String),
        last_seen_at: expect.any(String),
        current: true,
      },
      {
        id: second.session_id,
        device: { id: 'd1', name: 'phone', platform: 'ios' },
        created_at: expect.any(String),
        last_seen_at: expect.any(String),
        current: false,
      },
    ])
    expect(JSON.stringify(sessions)).not.toMatch(/rt1|hash/)
  })

  it.each(["ended_at = now(), end_reason = 'logged_out'", 'idle_expires_at = now()', 'absolute_expires_at = now()'])(
    'leaves out one with %s',
    async change => {
      const [first, second] = await sessionsOf(2)
      if (first === undefined || second === undefined) throw new Error('no sessions')
      await set(second, change)
      expect(await listed(first)).toEqual([first.session_id])
    },
  )

  it('is refused to nobody', async () => {
    await expect(under.ask(listSessions, {})).rejects.toMatchObject(dead)
  })
})

describe('ending a session', () => {
  it('ends it once, tells once, and may be repeated', async () => {
    const [first, second] = await sessionsOf(2)
    if (first === undefined || second === undefined) throw new Error('no sessions')
    const body = { session_id: second.session_id.toUpperCase() }
    await under.ask(endSession, body, callerOf(first))
    await under.ask(endSession, body, callerOf(first))
    await expect(refresh(second)).rejects.toMatchObject(dead)
    expect(await refresh(first)).toMatchObject({ session_id: first.session_id })
    const ended = { user_id: first.user.id, session_id: second.session_id, reason: 'ended_by_user' }
    await eventually(() => expect(toldOf(first)).toMatchObject([ended]), 1_000)
  })

  it('of somebody else, of nobody, or over for more than a day is not found', async () => {
    const [own, old] = await sessionsOf(2)
    const other = await guest()
    if (own === undefined || old === undefined) throw new Error('no sessions')
    await set(old, `ended_at = now() - interval '25 hours', end_reason = 'logged_out'`)
    for (const id of [other.session_id, randomUUID(), 'x', old.session_id]) {
      await expect(under.ask(endSession, { session_id: id }, callerOf(own))).rejects.toMatchObject({
        code: 'not_found',
      })
    }
    expect(await refresh(other)).toMatchObject({ session_id: other.session_id })
    expect([...toldOf(own), ...toldOf(other)]).toEqual([])
  })

  it('every other one leaves the one that asks', async () => {
    const [first, second, third] = await sessionsOf(3)
    if (first === undefined || second === undefined || third === undefined) throw new Error('no sessions')
    await under.ask(endOtherSessions, {}, callerOf(second))
    expect(await listed(second)).toEqual([second.session_id])
    await eventually(() => {
      expect(new Set(toldOf(first).map(one => one.session_id))).toEqual(new Set([first.session_id, third.session_id]))
    }, 1_000)
  })

  it('of two that end each other at once, one is left', async () => {
    const [first, second] = await sessionsOf(2)
    if (first === undefined || second === undefined) throw new Error('no sessions')
    const outcomes = await Promise.allSettled(
      [first, second].map(one => under.ask(endOtherSessions, {}, callerOf(one))),
    )
    expect(outcomes.filter(one => one.status === 'fulfilled')).toHaveLength(1)
    expect(await listed(first)).toHaveLength(1)
  })
})

describe('logging out', () => {
  it('ends the session of the access token, also again', async () => {
    const session = await guest()
    await under.ask(logOut, {}, callerOf(session))
    await under.ask(logOut, {}, callerOf(session))
    await expect(refresh(session)).rejects.toMatchObject(dead)
    await eventually(
      () => expect(toldOf(session)).toMatchObject([{ session_id: session.session_id, reason: 'logged_out' }]),
      1_000,
    )
  })

  it('takes a refresh token, an old one too, and of a session that is gone', async () => {
    const session = await guest()
    const next = await refresh(session)
    await under.ask(logOut, { refresh_token: session.refresh_token })
    await expect(refresh(next)).rejects.toMatchObject(dead)
    await under.database.query('DELETE FROM auth.sessions WHERE id = $1', [session.session_id])
    expect(await under.ask(logOut, { refresh_token: next.refresh_token })).toEqual({})
  })

  it('with neither, or with a refresh token that is none of ours, is refused', async () => {
    const session = await guest()
    await expect(under.ask(logOut, {})).rejects.toMatchObject(dead)
    const forged = `${session.refresh_token.slice(0, -3)}AAA`
    await expect(under.ask(logOut, { refresh_token: forged })).rejects.toMatchObject(dead)
    expect(await refresh(session)).toMatchObject({ session_id: session.session_id })
  })
})

describe('what ended lately', () => {
  const readAll = async (): Promise<Pick<Denials, 'sessions' | 'users'> & { pages: number }> => {
    const all = { sessions: [] as Denials['sessions'], users: [] as Denials['users'], pages: 0 }
    let cursor: string | null = null
    do {
      const page: Denials = await under.ask(readDenials, cursor === null ? {} : { cursor })
      expect(page.sessions.length + page.users.length).toBeLessThanOrEqual(3)
      all.sessions.push(...page.sessions)
      all.users.push(...page.users)
      all.pages += 1
      cursor = page.next_cursor
    } while (cursor !== null)
    return all
  }

  it.each([
    [0, 0],
    [1, 1],
    [3, 0],
    [3, 3],
    [7, 5],
    [0, 4],
  ])('is read to its end: %i sessions of one instant, %i users', async (sessions, users) => {
    await under.database.query('DELETE FROM auth.sessions')
    await under.database.query('DELETE FROM auth.denied_users')
    const made = await Promise.all(Array.from({ length: sessions }, guest))
    await under.database.query(`UPDATE auth.sessions SET ended_at = now(), end_reason = 'logged_out'`)
    await under.database.query(
      `INSERT INTO auth.denied_users SELECT gen_random_uuid(), 5, now() FROM generate_series(1, $1)`,
      [users],
    )
    const all = await readAll()
    expect(new Set(all.sessions.map(one => one.session_id))).toEqual(new Set(made.map(one => one.session_id)))
    expect(all.sessions).toHaveLength(sessions)
    expect(all.users).toHaveLength(users)
    expect(new Set(all.users.map(one => one.user_id)).size).toBe(users)
  })

  it('leaves out whatever no token can have outlived, and the clean-up keeps the rest', async () => {
    await under.database.query('DELETE FROM auth.sessions')
    await under.database.query('DELETE FROM auth.denied_users')
    const life = under.config.accessTokenTtlSeconds + under.config.clockSkewSeconds
    const [live, late, old] = await Promise.all([guest(), guest(), guest()])
    await set(
      late,
      `ended_at = now() - make_interval(secs => ${life - 5}), end_reason = 'logged_out', absolute_expires_at = now()`,
    )
    await set(old, `ended_at = now() - make_interval(secs => ${life + 5}), end_reason = 'logged_out'`)
    await under.database.query(
      `INSERT INTO auth.denied_users SELECT gen_random_uuid(), 5, now() - make_interval(secs => $1 + delta)
        FROM unnest(ARRAY[-5, 5]) AS delta`,
      [life],
    )
    await under.ask(cleanUpSessions, { limit: 100 })
    expect(await under.ask(cleanUpDeniedUsers, { limit: 100 })).toEqual({ deleted: 1 })
    const { sessions, users } = await readAll()
    expect(sessions.map(one => one.session_id)).toEqual([late.session_id])
    expect(users).toHaveLength(1)
    expect(await listed(live)).toEqual([live.session_id])
  })

  it('refuses a cursor that is none of ours', async () => {
    await expect(under.ask(readDenials, { cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('reads by index', async () => {
    const client = await under.database.connect()
    await client.query('BEGIN; SET LOCAL enable_seqscan = off')
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT id FROM auth.sessions WHERE ended_at IS NOT NULL AND ended_at > now() - interval '10 minutes'
        AND (ended_at, id) > (now() - interval '5 minutes', gen_random_uuid()) ORDER BY ended_at, id LIMIT 10`,
    )
    await client.query('ROLLBACK')
    client.release()
    expect(rows.map(row => row['QUERY PLAN']).join('\n')).toContain('sessions_ended')
  })
})
