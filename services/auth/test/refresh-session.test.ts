// Refresh by the rule of design §4, on a real database. Time is moved by moving the row's times.
import { randomUUID } from 'node:crypto'
import { refreshSession, sessionEndedSubjects, signInAsGuest, type Session, type SessionEnded } from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { deriveKey } from '../src/crypto/derive-key.ts'
import { makeRefreshToken } from '../src/crypto/refresh-token.ts'
import { listenFor, startAuthUnderTest, type AuthUnderTest } from './auth-under-test.ts'

let under: AuthUnderTest
let ended: SessionEnded[]
let session: Session

beforeAll(async () => {
  under = await startAuthUnderTest()
  listenFor(under, sessionEndedSubjects, told => {
    const event = told as SessionEnded
    // What an earlier test caused may be told during this one.
    if (event.session_id === session.session_id) ended.push(event)
  })
})
afterAll(async () => {
  await under.stop()
})
beforeEach(async () => {
  ended = []
  session = await under.ask(signInAsGuest, {})
})

const refresh = (token: string): Promise<Session> => under.ask(refreshSession, { refresh_token: token })
const refusal = { name: 'CairnError', code: 'token_invalid', detail: undefined }

/** As if everything about the session had happened that much earlier. */
const age = (interval: string): Promise<unknown> =>
  under.database.query(
    `UPDATE auth.sessions SET rotated_at = rotated_at - $2::interval, idle_expires_at = idle_expires_at - $2::interval,
      absolute_expires_at = absolute_expires_at - $2::interval WHERE id = $1`,
    [session.session_id, interval],
  )
const row = async (): Promise<Record<string, unknown>> => {
  const { rows } = await under.database.query<Record<string, unknown>>('SELECT * FROM auth.sessions WHERE id = $1', [
    session.session_id,
  ])
  return rows[0] ?? {}
}

describe('a refresh', () => {
  it('gives new tokens for the same session, again and again', async () => {
    let token = session.refresh_token
    for (let generation = 1; generation <= 5; generation += 1) {
      const next = await refresh(token)
      expect(next).toMatchObject({ session_id: session.session_id, user: session.user, created: false })
      expect(next.refresh_token).not.toBe(token)
      expect(decodeJwt(next.access_token)).toMatchObject({ sub: session.user.id, sid: session.session_id })
      token = next.refresh_token
    }
    expect(await row()).toMatchObject({ generation: 5, ended_at: null })
  })

  it('slides the idle expiry, up to the absolute one', async () => {
    await age('10 days')
    const next = await refresh(session.refresh_token)
    expect(Date.parse(next.refresh_expires_at)).toBeGreaterThan(Date.parse(session.refresh_expires_at) - 1_000)
    await under.database.query(
      `UPDATE auth.sessions SET absolute_expires_at = now() + interval '1 hour' WHERE id = $1`,
      [session.session_id],
    )
    const last = await refresh(next.refresh_token)
    expect(Date.parse(last.refresh_expires_at)).toBeLessThan(Date.now() + 3_601_000)
  })

  it('near the end of the session gives an access token that ends with it', async () => {
    const sql = `UPDATE auth.sessions SET absolute_expires_at = now() + interval '100 seconds' WHERE id = $1`
    await under.database.query(sql, [session.session_id])
    const { access_token: token, refresh_expires_at: end, expires_in: seconds } = await refresh(session.refresh_token)
    const { iat = 0, exp } = decodeJwt(token)
    expect(exp).toBe(Math.floor(Date.parse(end) / 1_000))
    expect(seconds).toBe(Number(exp) - iat)
  })

  it('twenty at once all get the same successor', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(session.refresh_token)))
    expect(new Set(answers.map(one => one.refresh_token)).size).toBe(1)
    expect(await row()).toMatchObject({ generation: 1, repeats: 19 })
    expect(await refresh(answers[0]?.refresh_token ?? '')).toMatchObject({ session_id: session.session_id })
  })

  it('whose answer was lost is answered the same within grace', async () => {
    const lost = await refresh(session.refresh_token)
    await age('25 seconds')
    expect((await refresh(session.refresh_token)).refresh_token).toBe(lost.refresh_token)
  })

  it('after a weekend gets another successor, and the lost one is dead', async () => {
    const lost = await refresh(session.refresh_token)
    await age('3 days')
    const late = await refresh(session.refresh_token)
    expect(late.refresh_token).not.toBe(lost.refresh_token)
    expect((await refresh(session.refresh_token)).refresh_token).toBe(late.refresh_token)
    expect(await refresh(late.refresh_token)).toMatchObject({ session_id: session.session_id })
    await expect(refresh(lost.refresh_token)).rejects.toMatchObject(refusal)
  })

  it('twenty at once after a weekend all get the same new successor', async () => {
    const lost = await refresh(session.refresh_token)
    await age('3 days')
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(session.refresh_token)))
    expect(new Set(answers.map(one => one.refresh_token)).size).toBe(1)
    expect(answers[0]?.refresh_token).not.toBe(lost.refresh_token)
  })
})

describe('a refresh token used beside its successor', () => {
  it('ends the session with an event when it is two generations old', async () => {
    const second = await refresh(session.refresh_token)
    const third = await refresh(second.refresh_token)
    await expect(refresh(session.refresh_token)).rejects.toMatchObject(refusal)
    await expect(refresh(third.refresh_token)).rejects.toMatchObject(refusal)
    await eventually(() =>
      expect(ended).toMatchObject([
        { user_id: session.user.id, session_id: session.session_id, reason: 'reuse_detected' },
      ]),
    )
    expect(await row()).toMatchObject({ end_reason: 'reuse_detected' })
  })

  it('is noticed when thief and owner take turns', async () => {
    const owner = await refresh(session.refresh_token)
    await age('15 minutes')
    const thief = await refresh(session.refresh_token)
    await expect(refresh(owner.refresh_token)).rejects.toMatchObject(refusal)
    await expect(refresh(thief.refresh_token)).rejects.toMatchObject(refusal)
  })

  it('says so once, however often it is tried', async () => {
    const second = await refresh(session.refresh_token)
    await refresh(second.refresh_token)
    const tries = Array.from({ length: 5 }, () => refresh(session.refresh_token))
    expect((await Promise.allSettled(tries)).every(one => one.status === 'rejected')).toBe(true)
    await eventually(() => expect(ended.length).toBeGreaterThan(0))
    expect(ended).toHaveLength(1)
  })

  it('gets at most fifty answers in a generation, and the current one still rotates', async () => {
    const next = await refresh(session.refresh_token)
    await under.database.query('UPDATE auth.sessions SET repeats = 49 WHERE id = $1', [session.session_id])
    expect((await refresh(session.refresh_token)).refresh_token).toBe(next.refresh_token)
    await expect(refresh(session.refresh_token)).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: 30 })
    await age('1 hour')
    await expect(refresh(session.refresh_token)).rejects.toMatchObject({ code: 'rate_limited' })
    expect(await refresh(next.refresh_token)).toMatchObject({ session_id: session.session_id })
    expect(await row()).toMatchObject({ generation: 2, repeats: 0 })
  })
})

describe('a refresh token that is none of ours', () => {
  const forged = (key: Buffer, sessionId: string): string =>
    makeRefreshToken([key], { sessionId, generation: 0, secret: Buffer.alloc(16) }).text

  it.each<[string, () => string]>([
    ['with the MAC of another key', () => forged(Buffer.alloc(32, 'x'), session.session_id)],
    ['with a changed MAC', () => session.refresh_token.slice(0, -3) + 'AAA'],
    ['that is garbage', () => 'rt1.garbage'],
    ['that is an access token', () => session.access_token],
    ['of a session that is gone', () => forged(deriveKey(under.config.masterKey, 'refreshTokenMac'), randomUUID())],
  ])('%s is refused and does nothing else', async (_name, make) => {
    const before = await row()
    await expect(refresh(make())).rejects.toMatchObject(refusal)
    expect(await row()).toEqual(before)
    expect(await refresh(session.refresh_token)).toMatchObject({ session_id: session.session_id })
    expect(ended).toEqual([])
  })
})

describe('a session that is over', () => {
  it.each([
    ['idle for too long', '61 days'],
    ['too old', '366 days'],
  ])('because it was %s refuses its current token', async (_name, interval) => {
    await age(interval)
    await expect(refresh(session.refresh_token)).rejects.toMatchObject(refusal)
    expect(ended).toEqual([])
  })

  it('because it is too old refuses even when it was used daily', async () => {
    await under.database.query('UPDATE auth.sessions SET absolute_expires_at = now() WHERE id = $1', [
      session.session_id,
    ])
    await expect(refresh(session.refresh_token)).rejects.toMatchObject(refusal)
  })

  it('because it was deleted refuses', async () => {
    await under.database.query('DELETE FROM auth.sessions WHERE id = $1', [session.session_id])
    await expect(refresh(session.refresh_token)).rejects.toMatchObject(refusal)
  })
})

describe('the table of sessions', () => {
  it('holds no token', async () => {
    const next = await refresh(session.refresh_token)
    const { rows } = await under.database.query<{ text: string }>(
      'SELECT s::text AS text FROM auth.sessions s WHERE id = $1',
      [session.session_id],
    )
    const stored = JSON.stringify(await row()) + rows[0]?.text
    for (const secret of [session.refresh_token, next.refresh_token]) {
      expect(stored).not.toContain(secret.split('.')[3])
      expect(stored).not.toContain(Buffer.from(secret).toString('hex'))
    }
  })

  it('keeps rows as long as they are, from the first refresh on, so that each finds room on its page', async () => {
    const length = async (): Promise<unknown> => {
      const { rows } = await under.database.query(
        'SELECT pg_column_size(s) AS length FROM auth.sessions s WHERE id = $1',
        [session.session_id],
      )
      return rows[0]
    }
    const before = await length()
    await refresh(session.refresh_token)
    expect(await length()).toEqual(before)
  })

  /** The share of heap-only updates among 200 refreshes, in a database of their own. */
  const hotShare = async (): Promise<number> => {
    const fresh = await startAuthUnderTest({ AUTH_DATABASE_CONNECTIONS: '1' })
    let { refresh_token: token } = await fresh.ask(signInAsGuest, {})
    for (let count = 0; count < 200; count += 1) {
      token = (await fresh.ask(refreshSession, { refresh_token: token })).refresh_token
    }
    // A backend reports its counts at the latest when it ends.
    await fresh.stopAuth()
    const share = await eventually(async () => {
      const { rows } = await fresh.database.query<{ updated: string; hot: string }>(
        `SELECT n_tup_upd AS updated, n_tup_hot_upd AS hot FROM pg_stat_user_tables
          WHERE relid = 'auth.sessions'::regclass`,
      )
      expect(Number(rows[0]?.updated)).toBe(200)
      return Number(rows[0]?.hot) / 200
    })
    await fresh.stop()
    return share
  }

  it('takes refreshes as heap-only updates', async () => {
    // A transaction of another test's, in another database, can keep the server from pruning for a while; three times in a
    // row it does not. An indexed column that changed would make the share 0 each time.
    const shares: number[] = []
    while (shares.length < 3 && Math.max(0, ...shares) < 0.99) shares.push(await hotShare())
    expect(Math.max(...shares)).toBeGreaterThanOrEqual(0.99)
  }, 30_000)
})
