// Signing keys on their way from standby to revoked, under load, by schedule and by order, with two replicas of auth.
import { randomUUID } from 'node:crypto'
import {
  cleanUpSigningKeys,
  readKeySet,
  rotateKeys,
  signInAsGuest as signInAsGuestOperation,
  type Session,
} from '@cairn/contracts'
import { readEnvironment } from '@cairn/runtime'
import { call, eventually, signInAsGuest } from '@cairn/testkit'
import { startStack, type Stack } from '@cairn/testkit/stack'
import { decodeProtectedHeader } from 'jose'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authVariables } from '../src/config.ts'
import { orderKeyRotation } from '../src/rotate-keys.ts'
import { startAuth, type RunningAuth } from '../src/service.ts'
import { startAuthUnderTest, type AuthUnderTest } from './auth-under-test.ts'

const keyOf = (session: Session): string => decodeProtectedHeader(session.access_token).kid ?? ''

describe('rotation', () => {
  let stack: Stack
  let replica: RunningAuth
  beforeAll(async () => {
    stack = await startStack({ environment: { AUTH_KEY_PUBLISH_S: '1', AUTH_KEY_CHECK_MS: '100' } })
    const config = readEnvironment(authVariables, stack.environment)
    replica = await startAuth(config, stack.logs.loggerFor('auth'))
  })
  afterAll(async () => {
    await replica.stop()
    await stack.stop()
  })

  const rotate = (revokePrevious = false): Promise<unknown> =>
    orderKeyRotation({
      natsUrl: stack.bus.url,
      logger: stack.logs.loggerFor('test'),
      revokePrevious,
      onWait: () => undefined,
    })
  const statusOf = async (session: Session): Promise<number> =>
    (await call(stack.gatewayUrl, '/api/v1/me', { token: session.access_token })).status

  it('twice under load fails no request, and tokens of every key are good', async () => {
    const first = await signInAsGuest(stack)
    const rotated = new AbortController()
    const statuses: number[] = []
    const keys = new Set<string>()
    const load = async (): Promise<void> => {
      while (!rotated.signal.aborted) {
        const session = await signInAsGuest(stack)
        keys.add(keyOf(session))
        statuses.push(await statusOf(session), await statusOf(first))
      }
    }
    const loads = Array.from({ length: 4 }, load)
    for (const seen of [1, 2, 3]) {
      const before = statuses.length
      await eventually(() => {
        expect(keys.size).toBe(seen)
        expect(statuses.length).toBeGreaterThan(before + 20)
      }, 10_000)
      if (seen < 3) await rotate()
    }
    rotated.abort()
    await Promise.all(loads)
    expect(statuses.filter(status => status !== 200)).toEqual([])
    expect(await statusOf(first)).toBe(200)
  }, 30_000)

  it('with what signed before revoked kills its tokens, and refreshing brings good ones', async () => {
    const before = await signInAsGuest(stack)
    await rotate(true)
    await eventually(async () => expect(await statusOf(before)).toBe(401))
    const body = { refresh_token: before.refresh_token }
    const next = await call<Session>(stack.gatewayUrl, '/api/v1/auth/refresh', { method: 'POST', body })
    expect(await statusOf(next.body)).toBe(200)
    const { rows } = await queryKeys()
    expect(rows).toEqual([{ revoked: true }])
  }, 20_000)

  const queryKeys = async () => {
    const client = new pg.Client({ connectionString: stack.databaseUrl })
    await client.connect()
    const statement = `SELECT bool_and(private_key_sealed = '') AS revoked FROM auth.signing_keys WHERE state = 'revoked'`
    const found = await client.query(statement)
    await client.end()
    return found
  }
})

describe('the schedule', () => {
  let under: AuthUnderTest
  beforeAll(async () => {
    under = await startAuthUnderTest({
      AUTH_KEY_ROTATION_S: '2',
      AUTH_KEY_PUBLISH_S: '1',
      AUTH_KEY_CHECK_MS: '50',
      ACCESS_TOKEN_TTL_S: '10',
      CLOCK_SKEW_S: '0',
      AUTH_REVOKED_KEY_KEEP_S: '0',
    })
  })
  afterAll(async () => {
    await under.stop()
  })

  const age = (state: string, seconds: number): Promise<unknown> =>
    under.database.query(
      `UPDATE auth.signing_keys SET state_changed_at = state_changed_at - make_interval(secs => $2) WHERE state = $1`,
      [state, seconds],
    )
  const states = async (): Promise<string[]> => {
    const { rows } = await under.database.query<{ state: string }>('SELECT state FROM auth.signing_keys ORDER BY 1')
    return rows.map(row => row.state)
  }

  it('replaces a key of age, publishes the next one first, and ends with nothing left of it', async () => {
    const first = keyOf(await under.ask(signInAsGuestOperation, {}))
    const { keys } = await under.ask(readKeySet, {})
    const published = new Set(keys.map(key => key.kid))
    await eventually(async () => {
      const kid = keyOf(await under.ask(signInAsGuestOperation, {}))
      expect(kid).not.toBe(first)
      expect(published).toContain(kid)
    })
    await under.database.query(
      `UPDATE auth.signing_keys SET state_changed_at = now() + interval '1 hour' WHERE state = 'current'`,
    )
    expect((await under.ask(readKeySet, {})).keys.map(key => key.kid)).toContain(first)
    await age('previous', 60)
    await eventually(async () => expect(await states()).toContain('revoked'))
    await eventually(async () =>
      expect((await under.ask(readKeySet, {})).keys.map(key => key.kid)).not.toContain(first),
    )
    expect((await under.ask(cleanUpSigningKeys, { limit: 100 })).deleted).toBeGreaterThanOrEqual(1)
    expect(await states()).not.toContain('revoked')
  }, 20_000)

  it('is not hurried by an order before the next key is known', async () => {
    await under.database.query(
      `UPDATE auth.signing_keys SET state_changed_at = now() + interval '1 hour' WHERE state = 'standby'`,
    )
    const before = keyOf(await under.ask(signInAsGuestOperation, {}))
    expect(await under.ask(rotateKeys, {})).toMatchObject({ rotated: false, current_key_id: before })
    expect(keyOf(await under.ask(signInAsGuestOperation, {}))).toBe(before)
  })

  it('takes no order on behalf of a user', async () => {
    const caller = { userId: randomUUID(), sessionId: randomUUID() }
    await expect(under.ask(rotateKeys, {}, caller)).rejects.toMatchObject({ code: 'forbidden' })
  })
})
