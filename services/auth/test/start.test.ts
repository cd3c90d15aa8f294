// Starting, stopping, failing: several replicas, another master key, production, a database that goes away, clean-up.
import {
  cleanUpNonces,
  cleanUpSessions,
  issueNonce,
  readKeySet,
  refreshSession,
  signInAsGuest,
  sweepIdleSessions,
} from '@cairn/contracts'
import { ConfigError, readEnvironment } from '@cairn/runtime'
import { eventually } from '@cairn/testkit'
import { jwtVerify, importJWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authVariables } from '../src/config.ts'
import type { RunningAuth } from '../src/service.ts'
import { startAuthUnderTest, type AuthUnderTest } from './auth-under-test.ts'

let under: AuthUnderTest
let survivor: RunningAuth | undefined
beforeAll(async () => {
  under = await startAuthUnderTest()
})
afterAll(async () => {
  await survivor?.stop()
  await under.stop()
})

describe('starting', () => {
  it('several replicas at once make one signing key and its successor, and all answer with them', async () => {
    await under.database.query('DELETE FROM auth.signing_keys')
    const replicas = await Promise.all(Array.from({ length: 4 }, () => under.startAnother()))
    const { rows } = await under.database.query(`SELECT kid, state FROM auth.signing_keys ORDER BY state::text`)
    expect(rows).toMatchObject([{ state: 'current' }, { state: 'standby' }])
    await under.stopAuth()
    const { keys } = await under.ask(readKeySet, {})
    expect(keys.map(key => key.kid)).toEqual(rows.map(row => (row as { kid: string }).kid))
    const session = await under.ask(signInAsGuest, {})
    const key = await importJWK({ ...keys[0] }, 'EdDSA')
    const { protectedHeader, payload } = await jwtVerify(session.access_token, key)
    expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: keys[0]?.kid })
    expect(Object.keys(payload).toSorted()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
    await Promise.all(replicas.slice(1).map(other => other.stop()))
    survivor = replicas[0]
  })

  it('is refused with a login that PostgreSQL does not let in', async () => {
    const url = new URL(under.config.databaseUrl)
    url.password = 'another'
    await expect(under.startAnother({ AUTH_DATABASE_URL: url.href })).rejects.toThrow('password authentication failed')
  })

  it('is refused with another master key, and the keys stay as they are', async () => {
    const before = await under.database.query('SELECT * FROM auth.signing_keys')
    const other = { AUTH_MASTER_KEY: Buffer.alloc(32, 'o').toString('base64url') }
    await expect(under.startAnother(other)).rejects.toThrow('another AUTH_MASTER_KEY')
    expect((await under.database.query('SELECT * FROM auth.signing_keys')).rows).toEqual(before.rows)
  })

  it('is refused in production with the local issuer', async () => {
    await expect(under.startAnother({ NODE_ENV: 'production' })).rejects.toThrow(ConfigError)
  })

  it('is refused when ended sessions would be forgotten while their users may ask for them', () => {
    expect(() => readEnvironment(authVariables, { AUTH_ENDED_SESSION_KEEP_S: '86399' })).toThrow(
      'AUTH_ENDED_SESSION_KEEP_S',
    )
  })

  it('is refused without client ids, team, master key and database, all named at once', () => {
    expect(() => readEnvironment(authVariables, { NATS_URL: 'nats://127.0.0.1', APPLE_CLIENT_IDS: ' , ' })).toThrow(
      /AUTH_DATABASE_URL is missing[^]*APPLE_CLIENT_IDS is malformed[^]*APPLE_TEAM_ID is missing[^]*AUTH_MASTER_KEY is missing/,
    )
  })
})

describe('the database gone', () => {
  it('is unavailable, and the refresh token still works afterwards; the key set is there throughout', async () => {
    const session = await under.ask(signInAsGuest, {})
    const role = decodeURIComponent(new URL(under.config.databaseUrl).username)
    const limit = (count: number): Promise<unknown> =>
      under.database.query(`ALTER DATABASE ${under.databaseName} CONNECTION LIMIT ${count}`)
    await limit(0)
    await under.database.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = $1',
      [role],
    )
    const body = { refresh_token: session.refresh_token }
    await expect(under.ask(refreshSession, body)).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 1 })
    await expect(under.ask(issueNonce, {})).rejects.toMatchObject({ code: 'unavailable' })
    expect((await under.ask(readKeySet, {})).keys).toHaveLength(2)
    await limit(-1)
    await eventually(async () => {
      expect(await under.ask(refreshSession, body)).toMatchObject({ session_id: session.session_id })
    })
  })
})

describe('clean-up', () => {
  it('deletes expired nonces, as many as it is asked to', async () => {
    await under.database.query('DELETE FROM auth.nonces')
    for (let index = 0; index < 5; index += 1) await under.ask(issueNonce, {})
    await under.database.query(
      `UPDATE auth.nonces SET expires_at = now() WHERE hash IN (SELECT hash FROM auth.nonces LIMIT 3)`,
    )
    expect(await under.ask(cleanUpNonces, { limit: 2 })).toEqual({ deleted: 2 })
    expect(await under.ask(cleanUpNonces, { limit: 2 })).toEqual({ deleted: 1 })
    expect(await under.ask(cleanUpNonces, { limit: 2 })).toEqual({ deleted: 0 })
  })

  it('deletes sessions past their end, ended ones a day later, and no other', async () => {
    await under.database.query('DELETE FROM auth.sessions')
    const [live, expired, justEnded, longEnded] = await Promise.all(
      Array.from({ length: 4 }, () => under.ask(signInAsGuest, {})),
    )
    const set = (id: string | undefined, change: string): Promise<unknown> =>
      under.database.query(`UPDATE auth.sessions SET ${change} WHERE id = $1`, [id])
    await set(expired?.session_id, 'absolute_expires_at = now()')
    await set(justEnded?.session_id, `ended_at = now() - interval '23 hours', end_reason = 'logged_out'`)
    await set(longEnded?.session_id, `ended_at = now() - interval '25 hours', end_reason = 'logged_out'`)
    expect(await under.ask(cleanUpSessions, { limit: 100 })).toEqual({ deleted: 2 })
    const { rows } = await under.database.query<{ id: string }>('SELECT id FROM auth.sessions')
    expect(new Set(rows.map(row => row.id))).toEqual(new Set([live?.session_id, justEnded?.session_id]))
  })

  it('deletes sessions that nobody refreshed in time, as many as it is asked to, or by a janitor that names no number', async () => {
    await under.database.query('DELETE FROM auth.sessions')
    for (let index = 0; index < 4; index += 1) await under.ask(signInAsGuest, {})
    await under.database.query(
      `UPDATE auth.sessions SET idle_expires_at = now() WHERE id IN (SELECT id FROM auth.sessions LIMIT 3)`,
    )
    const part = { from_page: 0, pages: 50 }
    expect(await under.ask(sweepIdleSessions, { ...part, limit: 1 })).toEqual({ rows: 1, next_page: 0 })
    expect(await under.ask(sweepIdleSessions, part)).toEqual({ rows: 2, next_page: null })
  })
})
