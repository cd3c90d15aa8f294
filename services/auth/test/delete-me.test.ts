// Deleting an account: what is erased, what is told, and who comes at the same time.
import { randomUUID } from 'node:crypto'
import {
  deleteMe,
  readDenials,
  readMe,
  refreshSession,
  type Caller,
  type Session,
  type UserDeleted,
} from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listenForUsers, signIn, startAuthUnderTest, type AuthUnderTest, type ToldOfUsers } from './auth-under-test.ts'

let under: AuthUnderTest
let heard: ToldOfUsers

beforeAll(async () => {
  under = await startAuthUnderTest()
  heard = listenForUsers(under)
})
afterAll(async () => {
  await under.stop()
})

const callerOf = (session: Session): Caller => ({ userId: session.user.id, sessionId: session.session_id })
const issuedAt = (session: Session): number => decodeJwt(session.access_token).iat ?? 0
const rowsAbout = async (userId: string): Promise<string[]> => {
  const { rows } = await under.database.query<{ name: string; count: number }>(
    `SELECT 'users' AS name, count(*)::int FROM auth.users WHERE id = $1
      UNION ALL SELECT 'identities', count(*)::int FROM auth.identities WHERE user_id = $1
      UNION ALL SELECT 'sessions', count(*)::int FROM auth.sessions WHERE user_id = $1`,
    [userId],
  )
  return rows.filter(row => row.count > 0).map(row => row.name)
}

describe('deleting an account', () => {
  it('erases the rows, kills the tokens, and tells everybody', async () => {
    const sub = randomUUID()
    const session = await signIn(under, { sub })
    const other = await signIn(under, { sub })
    await under.ask(deleteMe, {}, callerOf(session))
    expect(await rowsAbout(session.user.id)).toEqual([])
    for (const one of [session, other]) {
      await expect(under.ask(refreshSession, { refresh_token: one.refresh_token })).rejects.toMatchObject({
        code: 'token_invalid',
      })
    }
    await expect(under.ask(readMe, {}, callerOf(session))).rejects.toMatchObject({ code: 'token_invalid' })
    await eventually(() => {
      expect(heard.signedOut).toMatchObject([{ user_id: session.user.id, reason: 'account_deleted' }])
      expect(heard.deleted).toMatchObject([{ user_id: session.user.id }])
    }, 1_000)
    expect(heard.signedOut[0]?.not_after).toBeGreaterThanOrEqual(Math.max(issuedAt(session), issuedAt(other)))
    const { users } = await under.ask(readDenials, {})
    expect(users).toEqual([{ user_id: session.user.id, not_after: heard.signedOut[0]?.not_after }])
  })

  it('again is harmless and tells nobody', async () => {
    const session = await signIn(under)
    await under.ask(deleteMe, {}, callerOf(session))
    await under.ask(deleteMe, {}, callerOf(session))
    const about = (): UserDeleted[] => heard.deleted.filter(one => one.user_id === session.user.id)
    await eventually(() => expect(about()).toHaveLength(1))
    await eventually(async () => expect((await under.database.query('SELECT 1 FROM auth.outbox')).rows).toEqual([]))
    expect(about()).toHaveLength(1)
  })

  it('opens the way for another account of the same Apple identity', async () => {
    const sub = randomUUID()
    const session = await signIn(under, { sub })
    await under.ask(deleteMe, {}, callerOf(session))
    const next = await signIn(under, { sub })
    expect(next).toMatchObject({ created: true })
    expect(next.user.id).not.toBe(session.user.id)
  })

  it('of a user who refreshes and signs in meanwhile leaves no token that outlives it', async () => {
    for (let round = 0; round < 8; round += 1) {
      const sub = randomUUID()
      const session = await signIn(under, { sub })
      const attempts = await Promise.allSettled([
        under.ask(refreshSession, { refresh_token: session.refresh_token }),
        signIn(under, { sub }),
        under.ask(deleteMe, {}, callerOf(session)),
        under.ask(refreshSession, { refresh_token: session.refresh_token }),
        signIn(under, { sub }),
      ])
      const sessions = attempts.flatMap(one =>
        one.status === 'fulfilled' && 'access_token' in one.value ? [one.value] : [],
      )
      const codes = attempts.flatMap(one => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []))
      expect(codes.every(code => ['token_invalid', 'unavailable'].includes(code))).toBe(true)
      expect(await rowsAbout(session.user.id)).toEqual([])
      const { rows } = await under.database.query<{ not_after: string }>(
        'SELECT not_after FROM auth.denied_users WHERE user_id = $1',
        [session.user.id],
      )
      for (const one of sessions.filter(candidate => candidate.user.id === session.user.id)) {
        expect(issuedAt(one)).toBeLessThanOrEqual(Number(rows[0]?.not_after))
      }
    }
  })
})

describe('a session begun in the second of a sign-out', () => {
  it('has tokens of the next second, also when it is refreshed at once', async () => {
    const sub = randomUUID()
    const before = await signIn(under, { sub })
    const notAfter = Math.floor(Date.now() / 1_000) + 30
    await under.database.query('INSERT INTO auth.denied_users VALUES ($1, $2, now())', [before.user.id, notAfter])
    const session = await signIn(under, { sub })
    expect(issuedAt(session)).toBe(notAfter + 1)
    const next = await under.ask(refreshSession, { refresh_token: session.refresh_token })
    expect(issuedAt(next)).toBe(notAfter + 1)
    const again = await under.ask(refreshSession, { refresh_token: session.refresh_token })
    expect(issuedAt(again)).toBe(notAfter + 1)
    const older = await under.ask(refreshSession, { refresh_token: before.refresh_token })
    expect(issuedAt(older)).toBeLessThanOrEqual(notAfter)
  })

  it('dies by another sign-out in the same second', async () => {
    const sub = randomUUID()
    const { user } = await signIn(under, { sub })
    const notAfter = Math.floor(Date.now() / 1_000) + 30
    await under.database.query('INSERT INTO auth.denied_users VALUES ($1, $2, now())', [user.id, notAfter])
    const session = await signIn(under, { sub })
    await under.ask(deleteMe, {}, callerOf(session))
    const { rows } = await under.database.query<{ not_after: string }>(
      'SELECT not_after FROM auth.denied_users WHERE user_id = $1',
      [user.id],
    )
    expect(issuedAt(session)).toBeLessThanOrEqual(Number(rows[0]?.not_after))
  })
})
