// Guests, their upgrade, and whose account an identity opens, also when several come at once.
import { createHash, randomUUID } from 'node:crypto'
import {
  deleteMe,
  issueNonce,
  readMe,
  refreshSession,
  signInAsGuest,
  signInWithApple,
  type Caller,
  type Session,
} from '@cairn/contracts'
import { eventually, orderIdentityToken } from '@cairn/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signIn, startAuthUnderTest, type AuthUnderTest } from './auth-under-test.ts'

let under: AuthUnderTest
beforeAll(async () => {
  under = await startAuthUnderTest()
})
afterAll(async () => {
  await under.stop()
})

const callerOf = (session: Session): Caller => ({ userId: session.user.id, sessionId: session.session_id })
const guest = (): Promise<Session> => under.ask(signInAsGuest, { device: { platform: 'android' } })
const newSubject = (): string => `subject.${randomUUID()}`

interface Prepared {
  readonly nonce: string
  readonly identity_token: string
}
/** Everything that can be prepared is, so that the sign-ins themselves start together. */
const prepare = async (sub: string): Promise<Prepared> => {
  const { nonce } = await under.ask(issueNonce, {})
  return { nonce, identity_token: await orderIdentityToken(under.apple.issuer, { sub, nonce }) }
}

describe('a guest', () => {
  it('has an account and a session like everybody', async () => {
    const session = await guest()
    expect(session).toMatchObject({ created: true, user: { is_guest: true, display_name: null, email: null } })
    expect(await under.ask(readMe, {}, callerOf(session))).toEqual({ user: session.user })
    expect(await under.ask(refreshSession, { refresh_token: session.refresh_token })).toMatchObject({ created: false })
  })

  it('becomes a full account with an Apple identity that nobody has, and its sessions go on', async () => {
    const before = await guest()
    const sub = newSubject()
    const upgraded = await signIn(under, { sub, email: 'a@example.com' }, callerOf(before))
    expect(upgraded).toMatchObject({
      created: false,
      user: { id: before.user.id, is_guest: false, email: 'a@example.com' },
    })
    const refreshed = await under.ask(refreshSession, { refresh_token: before.refresh_token })
    expect(refreshed.user).toEqual(upgraded.user)
    expect((await signIn(under, { sub })).user.id).toBe(before.user.id)
  })

  it('stays as it is when the identity has an account, which is signed in to', async () => {
    const sub = newSubject()
    const account = await signIn(under, { sub })
    const before = await guest()
    const session = await signIn(under, { sub }, callerOf(before))
    expect(session).toMatchObject({ created: false, user: { id: account.user.id } })
    expect(await under.ask(readMe, {}, callerOf(before))).toEqual({ user: before.user })
  })

  it('that has become a full account is none any more: another identity opens another account', async () => {
    const before = await guest()
    await signIn(under, {}, callerOf(before))
    const other = await signIn(under, {}, callerOf(before))
    expect(other.created).toBe(true)
    expect(other.user.id).not.toBe(before.user.id)
  })

  it('that is gone does not stand in the way', async () => {
    const nobody = { userId: randomUUID(), sessionId: randomUUID() }
    expect(await signIn(under, {}, nobody)).toMatchObject({ created: true })
  })
})

const outcomesOf = async (attempts: Promise<Session>[]) => {
  const settled = await Promise.allSettled(attempts)
  return {
    sessions: settled.flatMap(one => (one.status === 'fulfilled' ? [one.value] : [])),
    codes: settled.flatMap(one => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : [])),
  }
}

describe('at once', () => {
  it('first sign-ins of one Apple subject make one user', async () => {
    const sub = newSubject()
    const bodies = await Promise.all(Array.from({ length: 8 }, () => prepare(sub)))
    const { sessions, codes } = await outcomesOf(bodies.map(body => under.ask(signInWithApple, body)))
    expect(codes).toEqual([])
    expect(new Set(sessions.map(one => one.user.id)).size).toBe(1)
    expect(new Set(sessions.map(one => one.session_id)).size).toBe(8)
    expect(sessions.filter(one => one.created)).toHaveLength(1)
  })

  it('two upgrades of one guest make one full account and one 409', async () => {
    const before = await guest()
    const bodies = await Promise.all([prepare(newSubject()), prepare(newSubject())])
    const attempts = bodies.map(body => under.ask(signInWithApple, body, callerOf(before)))
    const { sessions, codes } = await outcomesOf(attempts)
    const upgraded = sessions.filter(one => one.user.id === before.user.id)
    expect(upgraded).toHaveLength(1)
    // The other one either came at once (409) or a moment later, when the guest was none any more.
    const later = sessions.filter(one => one.created)
    expect([...codes, ...later.map(() => 'created')]).toHaveLength(1)
    expect(codes.every(code => code === 'identity_taken')).toBe(true)
  })

  it('two guests never share an identity', async () => {
    const sub = newSubject()
    const guests = await Promise.all([guest(), guest()])
    const bodies = await Promise.all(guests.map(() => prepare(sub)))
    const attempts = bodies.map((body, index) => {
      const one = guests[index]
      return under.ask(signInWithApple, body, one === undefined ? undefined : callerOf(one))
    })
    const { sessions, codes } = await outcomesOf(attempts)
    expect(new Set(sessions.map(one => one.user.id)).size).toBe(1)
    expect(codes.every(code => code === 'identity_taken')).toBe(true)
    const { rows } = await under.database.query('SELECT user_id FROM auth.identities WHERE subject = $1', [sub])
    expect(rows).toEqual([{ user_id: sessions[0]?.user.id }])
  })
})

const waitForLock = async (): Promise<void> => {
  await eventually(async () => {
    const { rows } = await under.database.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    expect(rows).toHaveLength(1)
  })
}

describe('an upgrade that comes second', () => {
  /** Holds up the sign-in with this body until `meanwhile` is over. */
  const heldUp = async (body: Prepared, caller: Session, meanwhile: () => Promise<unknown>): Promise<unknown> => {
    const blocker = await under.database.connect()
    try {
      await blocker.query('BEGIN')
      await blocker.query('SELECT FROM auth.nonces WHERE hash = $1 FOR UPDATE', [
        createHash('sha256').update(body.nonce).digest(),
      ])
      const attempt = under.ask(signInWithApple, body, callerOf(caller)).catch((error: unknown) => error)
      await waitForLock()
      await meanwhile()
      await blocker.query('COMMIT')
      return await attempt
    } finally {
      blocker.release()
    }
  }

  it('to the guest is told that the identity is taken, and keeps its nonce for another try', async () => {
    const before = await guest()
    const body = await prepare(newSubject())
    const upgrade = async () => under.ask(signInWithApple, await prepare(newSubject()), callerOf(before))
    expect(await heldUp(body, before, upgrade)).toMatchObject({ code: 'identity_taken' })
    expect(await under.ask(signInWithApple, body)).toMatchObject({ created: true })
  })

  it('to the identity is told that it is taken, also when it is no race in the database', async () => {
    const [first, second] = [await guest(), await guest()]
    const sub = newSubject()
    const upgrade = async () => under.ask(signInWithApple, await prepare(sub), callerOf(first))
    expect(await heldUp(await prepare(sub), second, upgrade)).toMatchObject({ code: 'identity_taken' })
    expect(await under.ask(readMe, {}, callerOf(second))).toEqual({ user: second.user })
  })

  it('than the deletion of the guest is told that the session is dead, and keeps its nonce', async () => {
    const before = await guest()
    const body = await prepare(newSubject())
    const deletes = () => under.ask(deleteMe, {}, callerOf(before))
    expect(await heldUp(body, before, deletes)).toMatchObject({ code: 'token_invalid' })
    expect(await under.ask(signInWithApple, body)).toMatchObject({ created: true })
  })

  it('to a sign-in that makes an account of the identity is told the same', async () => {
    const before = await guest()
    const sub = newSubject()
    const signsIn = async () => under.ask(signInWithApple, await prepare(sub))
    expect(await heldUp(await prepare(sub), before, signsIn)).toMatchObject({ code: 'identity_taken' })
    expect(await under.ask(readMe, {}, callerOf(before))).toEqual({ user: before.user })
  })
})

describe('GET /me', () => {
  it.each<[string, Caller | undefined]>([
    ['without a caller', undefined],
    ['for a user who is gone', { userId: randomUUID(), sessionId: randomUUID() }],
  ])('%s is a fault of the token', async (_name, caller) => {
    await expect(under.ask(readMe, {}, caller)).rejects.toMatchObject({ code: 'token_invalid' })
  })
})
