// Apple's server-to-server notifications, signed by a real issuer: what counts, what it does, and that it does it once.
import { randomUUID } from 'node:crypto'
import {
  cleanUpAppleNotifications,
  readMe,
  receiveAppleNotification,
  refreshSession,
  type Session,
} from '@cairn/contracts'
import { eventually, orderIdentityToken } from '@cairn/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  clientIds,
  listenForUsers,
  signIn,
  startAuthUnderTest,
  type AuthUnderTest,
  type ToldOfUsers,
} from './auth-under-test.ts'

let under: AuthUnderTest
let heard: ToldOfUsers

beforeAll(async () => {
  under = await startAuthUnderTest()
  heard = listenForUsers(under)
})
afterAll(async () => {
  await under.stop()
})

const order = (events: unknown, change: { claims?: object; header?: object; key?: 'wrong' } = {}): Promise<string> =>
  orderIdentityToken(under.apple.issuer, {
    ...change,
    claims: { sub: null, nonce_supported: null, auth_time: null, jti: randomUUID(), events, ...change.claims },
  })
const notify = async (payload: string) => under.ask(receiveAppleNotification, { payload })
const about = (type: string, sub: string, time = Date.now()) => ({ type, sub, event_time: time })
const lives = async (session: Session): Promise<boolean> => {
  const answer = under.ask(refreshSession, { refresh_token: session.refresh_token })
  return answer.then(
    () => true,
    () => false,
  )
}
const hourMs = 3_600_000
const age = async (table: 'identities' | 'sessions', { user }: Session, by: string): Promise<void> => {
  await under.database.query(`UPDATE auth.${table} SET created_at = created_at - $2::interval WHERE user_id = $1`, [
    user.id,
    by,
  ])
}
const account = async () => {
  const sub = randomUUID()
  return { sub, session: await signIn(under, { sub }) }
}

describe('a notification', () => {
  it.each<[string, (event: object) => unknown]>([
    ['a string', event => JSON.stringify(event)],
    ['an object', event => event],
    ['a list', event => [event]],
  ])('with events as %s: consent revoked ends all sessions, the account stays', async (_name, spell) => {
    const { sub, session } = await account()
    const other = await signIn(under, { sub })
    expect(await notify(await order(spell(about('consent-revoked', sub)), { claims: { aud: clientIds[1] } }))).toEqual(
      {},
    )
    expect([await lives(session), await lives(other)]).toEqual([false, false])
    await eventually(() => {
      const told = heard.signedOut.filter(one => one.user_id === session.user.id)
      expect(told).toMatchObject([{ reason: 'consent_revoked' }])
    }, 1_000)
    const back = await signIn(under, { sub })
    expect(back).toMatchObject({ created: false, user: { id: session.user.id } })
    expect(await lives(back)).toBe(true)
  })

  it.each(['account-delete', 'account-deleted'])('%s deletes the account', async type => {
    const { sub, session } = await account()
    await notify(await order(about(type, sub)))
    await expect(
      under.ask(readMe, {}, { userId: session.user.id, sessionId: session.session_id }),
    ).rejects.toMatchObject({ code: 'token_invalid' })
    await eventually(() => expect(heard.deleted.map(one => one.user_id)).toContain(session.user.id), 1_000)
    expect(await signIn(under, { sub })).toMatchObject({ created: true })
  })

  it.each(['account-delete', 'account-deleted'])('%s of an earlier account leaves the one made since', async type => {
    const { sub, session } = await account()
    const payload = await order(about(type, sub, Date.now() - hourMs))
    expect(await notify(payload)).toEqual({})
    expect(await lives(session)).toBe(true)
    await age('identities', session, '2 hours')
    await notify(payload)
    expect(await lives(session), 'remembered by its id').toBe(true)
    await notify(await order(about(type, sub, Date.now() - hourMs)))
    expect(await lives(session)).toBe(false)
  })

  it('of consent revoked before the last sign-in changes nothing', async () => {
    const { sub, session } = await account()
    await age('identities', session, '3 hours')
    await age('sessions', session, '2 hours')
    const back = await signIn(under, { sub })
    await notify(await order(about('consent-revoked', sub, Date.now() - hourMs)))
    expect([await lives(session), await lives(back)]).toEqual([true, true])
    await age('sessions', session, '2 hours')
    await notify(await order(about('consent-revoked', sub, Date.now() - hourMs)))
    expect([await lives(session), await lives(back)]).toEqual([false, false])
  })

  it('that is older than the session by no more than the clocks may differ counts', async () => {
    const { sub, session } = await account()
    await notify(await order(about('consent-revoked', sub, Date.now() - 30_000)))
    expect(await lives(session)).toBe(false)
    const other = await account()
    await notify(await order(about('account-delete', other.sub, Date.now() - 30_000)))
    expect(await lives(other.session)).toBe(false)
  })

  it.each(['email-disabled', 'email-enabled', 'something-new'])('%s changes nothing', async type => {
    const { sub, session } = await account()
    await notify(await order(about(type, sub)))
    expect(await lives(session)).toBe(true)
  })

  it('about somebody unknown, or that cannot be read, is answered all the same', async () => {
    expect(await notify(await order(about('account-delete', 'nobody')))).toEqual({})
    expect(await notify(await order('{'))).toEqual({})
  })

  it('counts once, however often it comes', async () => {
    const { sub, session } = await account()
    const payload = await order(about('consent-revoked', sub))
    await Promise.all(Array.from({ length: 5 }, () => notify(payload)))
    const back = await signIn(under, { sub })
    await notify(payload)
    expect(await lives(back)).toBe(true)
    expect(heard.signedOut.filter(one => one.user_id === session.user.id)).toHaveLength(1)
  })

  const orders: [string, Parameters<typeof order>[1]][] = [
    ['signed by somebody else', { key: 'wrong' }],
    ['alg none', { header: { alg: 'none' } }],
    ['HS256 with the public key', { header: { alg: 'HS256' } }],
    ['no key id', { header: { kid: null } }],
    ['for another app', { claims: { aud: 'com.example.other' } }],
    ['of another issuer', { claims: { iss: 'https://evil.example' } }],
    ['without an id', { claims: { jti: null } }],
    ['without events, as an identity token', { claims: { events: null } }],
    ['of long ago', { claims: { iat: Math.floor(Date.now() / 1_000) - 8 * 86_400 } }],
    ['past its end', { claims: { exp: Math.floor(Date.now() / 1_000) - 120 } }],
  ]
  it.each(orders)('%s is refused and does nothing', async (_name, change) => {
    const { sub, session } = await account()
    const payload = await order(about('consent-revoked', sub), change)
    await expect(notify(payload)).rejects.toMatchObject({ code: 'token_invalid', detail: undefined })
    expect(await lives(session)).toBe(true)
  })

  it('is no identity token, and leaves none of itself in a log', async () => {
    const payload = await order(about('consent-revoked', 'somebody'))
    await notify(payload)
    const [, body = '', signature = ''] = payload.split('.')
    expect(under.logs.lines.join('\n')).not.toContain(body.slice(0, 40))
    expect(under.logs.lines.join('\n')).not.toContain(signature.slice(0, 40))
  })
})

describe('notes of notifications', () => {
  it('are deleted when the notification would be too old anyway', async () => {
    await under.database.query('DELETE FROM auth.apple_notifications')
    const payload = await order(about('email-enabled', 'x'))
    await notify(payload)
    await under.database.query(
      `INSERT INTO auth.apple_notifications VALUES (sha256('old'), now() - interval '8 days'), (sha256('young'), now() - interval '7 days')`,
    )
    expect(await under.ask(cleanUpAppleNotifications, { limit: 100 })).toEqual({ deleted: 1 })
    const { rows } = await under.database.query('SELECT 1 FROM auth.apple_notifications')
    expect(rows).toHaveLength(2)
  })
})
