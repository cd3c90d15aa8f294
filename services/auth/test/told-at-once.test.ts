// Verifiers hear of an ending within a second also when nothing comes through the outbox.
import {
  signInAsGuest,
  deleteMe,
  endOtherSessions,
  logOut,
  sessionEndedSubject,
  userSignedOutSubject,
} from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RunningAuth } from '../src/service.ts'
import { listenFor, startAuthUnderTest, type AuthUnderTest } from './auth-under-test.ts'

let under: AuthUnderTest
let auth: RunningAuth
let relay: pg.PoolClient

beforeAll(async () => {
  under = await startAuthUnderTest()
  await under.stopAuth()
  // The place of the one relay at work, as a replica has it that is cut off from the bus.
  relay = await under.database.connect()
  await relay.query(`SELECT pg_advisory_lock(hashtext(current_database()), hashtext('auth.outbox'))`)
  auth = await under.startAnother()
})
afterAll(async () => {
  await auth.stop()
  relay.release(true)
  await under.stop()
})

it('an ended session, the others, and a deleted account, each once written to the outbox', async () => {
  const session = await under.ask(signInAsGuest, {})
  const caller = { userId: session.user.id, sessionId: session.session_id }
  const told: unknown[] = []
  for (const subject of [sessionEndedSubject(caller.userId), userSignedOutSubject(caller.userId)])
    listenFor(under, subject, event => told.push(event))
  await under.bus.nats.flush()

  await under.ask(endOtherSessions, {}, caller)
  await under.ask(logOut, {}, caller)
  await eventually(() => expect(told).toMatchObject([{ session_id: caller.sessionId, reason: 'logged_out' }]), 1_000)
  await under.ask(deleteMe, {}, caller)
  await eventually(() => expect(told[1]).toMatchObject({ user_id: caller.userId, reason: 'account_deleted' }), 1_000)
  const { rows } = await relay.query<{ payload: string }>('SELECT payload FROM auth.outbox ORDER BY id')
  expect(rows.slice(0, 2).map(row => JSON.parse(row.payload) as unknown)).toEqual(told)
  expect(rows).toHaveLength(3)
})
