// What an operator may do about an account: look at it, end its sessions, delete it. No user may.
import { randomUUID } from 'node:crypto'
import {
  eraseAccount,
  readAccount,
  readDenials,
  refreshSession,
  signInAsGuest,
  signOutAccount,
  type Session,
} from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
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

const about = (session: Session): { user_id: string } => ({ user_id: session.user.id })
const refusedRefresh = async ({ refresh_token: token }: Session): Promise<void> =>
  expect(under.ask(refreshSession, { refresh_token: token })).rejects.toMatchObject({ code: 'token_invalid' })

it('reads an account and the sessions that live, the one refreshed last first', async () => {
  const sub = randomUUID()
  const first = await signIn(under, { sub })
  const second = await signIn(under, { sub })
  const { account } = await under.ask(readAccount, about(first))
  expect(account?.user).toEqual(first.user)
  expect(account?.sessions.map(session => session.id)).toEqual([second.session_id, first.session_id])
  expect(account?.sessions[0]).not.toHaveProperty('current')
})

it('ends all sessions of one user: their tokens are dead, everybody hears of it, the account stays', async () => {
  const sub = randomUUID()
  const sessions = [await signIn(under, { sub }), await signIn(under, { sub })] as const
  const bystander = await under.ask(signInAsGuest, {})
  expect(await under.ask(signOutAccount, about(sessions[0]))).toEqual({ found: true })
  for (const session of sessions) await refusedRefresh(session)
  await under.ask(refreshSession, { refresh_token: bystander.refresh_token })
  const [event] = await eventually(() => {
    const told = heard.signedOut.filter(one => one.user_id === sessions[0].user.id)
    expect(told).toMatchObject([{ reason: 'ended_by_operator' }])
    return told
  })
  const issuedAt = sessions.map(session => decodeJwt(session.access_token).iat ?? 0)
  expect(event?.not_after).toBeGreaterThanOrEqual(Math.max(...issuedAt))
  expect((await under.ask(readDenials, {})).users).toContainEqual({
    user_id: sessions[0].user.id,
    not_after: event?.not_after,
  })
  expect(await under.ask(readAccount, about(sessions[0]))).toMatchObject({ account: { sessions: [] } })
  expect((await signIn(under, { sub })).user.id).toBe(sessions[0].user.id)
})

it('deletes an account once, and tells everybody', async () => {
  const session = await signIn(under)
  expect(await under.ask(eraseAccount, about(session))).toEqual({ found: true })
  expect(await under.ask(eraseAccount, about(session))).toEqual({ found: false })
  expect(await under.ask(readAccount, about(session))).toEqual({ account: null })
  await refusedRefresh(session)
  await eventually(() => expect(heard.deleted).toMatchObject([about(session)]))
})

it('finds nobody where there is nobody', async () => {
  const nobody = { user_id: randomUUID() }
  expect(await under.ask(readAccount, nobody)).toEqual({ account: null })
  expect(await under.ask(signOutAccount, nobody)).toEqual({ found: false })
  expect(await under.ask(eraseAccount, nobody)).toEqual({ found: false })
})

it.each([readAccount, signOutAccount, eraseAccount])(
  'takes no order on behalf of a user: $subject',
  async operation => {
    const session = await under.ask(signInAsGuest, {})
    const caller = { userId: session.user.id, sessionId: session.session_id }
    await expect(under.ask(operation, about(session), caller)).rejects.toMatchObject({ code: 'forbidden' })
    expect((await under.ask(readAccount, about(session))).account?.sessions).toHaveLength(1)
  },
)
