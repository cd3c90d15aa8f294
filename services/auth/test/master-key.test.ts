// Another master key is put to work while everything goes on: replicas that make things with the old one and with the new one
// side by side, then the new one alone. Nobody signs in again.
import { randomUUID } from 'node:crypto'
import { deleteMe, readKeySet, refreshSession, rotateKeys, signInAsGuest, type Session } from '@cairn/contracts'
import { eventually } from '@cairn/testkit'
import { decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refreshTokenOf, revocationOf } from '../src/apple/grant-binding.ts'
import { deriveKeys, type MasterKeys } from '../src/crypto/derive-key.ts'
import { readRefreshToken } from '../src/crypto/refresh-token.ts'
import { seal, unseal } from '../src/crypto/sealed.ts'
import type { RunningAuth } from '../src/service.ts'
import { grantTokens, readSealedTokens, replaceSealedTokens, revocationTokens } from '../src/store/sealed-tokens.ts'
import { applePrivateKey, signInWithCode, startAuthUnderTest, type AuthUnderTest } from './auth-under-test.ts'

const keyOf = (letter: string): Buffer => Buffer.alloc(32, letter)
const textOf = (letter: string): string => keyOf(letter).toString('base64url')
const oldAlone = { AUTH_MASTER_KEY: textOf('m') }
const oldKnowingNew = { AUTH_MASTER_KEY: textOf('m'), AUTH_NEXT_MASTER_KEYS: textOf('n') }
const newKnowingOld = { AUTH_MASTER_KEY: textOf('n'), AUTH_OLD_MASTER_KEYS: textOf('m') }
const newAlone = { AUTH_MASTER_KEY: textOf('n') }
const only = (letter: string): MasterKeys => ({ masterKey: keyOf(letter), nextMasterKeys: [], oldMasterKeys: [] })

let under: AuthUnderTest
const running: RunningAuth[] = []
const start = (keys: Record<string, string>): Promise<RunningAuth> =>
  under.startAnother({
    ...keys,
    APPLE_TOKEN_URL: `${under.apple.issuer}/auth/token`,
    APPLE_REVOKE_URL: `${under.apple.issuer}/auth/revoke`,
  })
const replace = async (keys: Record<string, string>): Promise<void> => {
  const next = await start(keys)
  for (const one of running.splice(0)) await one.stop()
  running.push(next)
}
beforeAll(async () => {
  under = await startAuthUnderTest({
    AUTH_KEY_PUBLISH_S: '1',
    AUTH_KEY_CHECK_MS: '100',
    AUTH_SEAL_ANEW_EVERY_MS: '100',
    APPLE_KEY_ID: 'KEYID00000',
    APPLE_PRIVATE_KEY: applePrivateKey,
    APPLE_EXCHANGE_POLL_MS: '50',
  })
})
afterAll(async () => {
  for (const one of running) await one.stop()
  await under.stop()
})

const refresh = ({ refresh_token: token }: Session): Promise<Session> =>
  under.ask(refreshSession, { refresh_token: token })
const grantOf = async ({ user }: Session): Promise<{ userId: string; clientId: string; sealed: Buffer | null }> => {
  const { rows } = await under.database.query<{ client_id: string; refresh_token_sealed: Buffer | null }>(
    'SELECT client_id, refresh_token_sealed FROM auth.apple_grants WHERE user_id = $1',
    [user.id],
  )
  return { userId: user.id, clientId: rows[0]?.client_id ?? '', sealed: rows[0]?.refresh_token_sealed ?? null }
}

it('keeps sessions, signing keys and what Apple granted, step by step', async () => {
  running.push(await start(oldAlone))
  await under.stopAuth()
  const guest = await under.ask(signInAsGuest, {})
  const user = await signInWithCode(under)
  await eventually(async () => expect((await grantOf(user)).sealed).not.toBeNull())

  await replace(oldKnowingNew)
  const second = await refresh(guest)

  // Both at once: whichever answers takes the other's tokens.
  const next = await start(newKnowingOld)
  const [first] = running
  running.push(next)
  let mixed = second
  for (let n = 0; n < 12; n += 1) mixed = await refresh(mixed)
  expect((await under.ask(readKeySet, {})).keys).toHaveLength(2)
  await first?.stop()
  running.shift()

  // Made by the new key from here on; the grant, too, though nobody has asked for it.
  mixed = await refresh(mixed)
  expect(readRefreshToken(deriveKeys(only('n'), 'refreshTokenMac'), mixed.refresh_token)).toBeDefined()
  await eventually(async () => {
    const { sealed, ...key } = await grantOf(user)
    const open = (): string => unseal(deriveKeys(only('n'), 'appleGrants'), sealed ?? Buffer.of(), refreshTokenOf(key))
    expect(open).not.toThrow()
  })
  const kid = decodeProtectedHeader(mixed.access_token).kid
  for (let rotations = 0; rotations < 2; rotations += 1) {
    await eventually(async () => expect(await under.ask(rotateKeys, {})).toMatchObject({ rotated: true }), 10_000)
  }

  await replace(newAlone)
  mixed = await refresh(mixed)
  expect(decodeProtectedHeader(mixed.access_token).kid).not.toBe(kid)
  expect(mixed.session_id).toBe(guest.session_id)
  await under.ask(deleteMe, {}, { userId: user.user.id, sessionId: user.session_id })
  expect(under.logs.lines.filter(line => line.includes('cannot be read'))).toEqual([])
  // Who has not refreshed since has a token that only the old key has made.
  await expect(refresh(user)).rejects.toMatchObject({ code: 'token_invalid' })
  await expect(start(oldAlone)).rejects.toThrow('another AUTH_MASTER_KEY')
}, 60_000)

describe('tokens of Apple that an old key has sealed', () => {
  const [oldKeys, newKeys] = [deriveKeys(only('m'), 'appleGrants'), deriveKeys(only('n'), 'appleGrants')]
  const addUser = async (userId: string): Promise<void> => {
    await under.database.query('INSERT INTO auth.users (id, is_guest) VALUES ($1, false)', [userId])
    const sealed = seal(oldKeys, `token of ${userId}`, refreshTokenOf({ userId, clientId: 'app' }))
    const grant = `INSERT INTO auth.apple_grants (user_id, client_id, refresh_token_sealed, granted_at) VALUES ($1, 'app', $2, now())`
    await under.database.query(grant, [userId, sealed])
  }
  const sealedOf = async (userId: string): Promise<Buffer> => {
    const query = 'SELECT refresh_token_sealed AS sealed FROM auth.apple_grants WHERE user_id = $1'
    return (await under.database.query<{ sealed: Buffer }>(query, [userId])).rows[0]?.sealed ?? Buffer.of()
  }

  it('are all sealed anew, however many, those that wait to be revoked too', async () => {
    const users = Array.from({ length: 130 }, () => randomUUID())
    for (const userId of users) await addUser(userId)
    const id = randomUUID()
    await under.database.query(
      `INSERT INTO auth.apple_revocations (id, client_id, token_sealed, expires_at, next_attempt_at)
        VALUES ($1, 'app', $2, now() + interval '1 day', now() + interval '1 day')`,
      [id, seal(oldKeys, 'revoked', revocationOf(id))],
    )
    const sealing = await start(newKnowingOld)
    running.push(sealing)
    await eventually(async () => {
      for (const userId of users) {
        const text = unseal(newKeys, await sealedOf(userId), refreshTokenOf({ userId, clientId: 'app' }))
        expect(text).toBe(`token of ${userId}`)
      }
      const [waiting] = await readSealedTokens(under.database, revocationTokens, {
        after: revocationTokens.start,
        limit: 1,
      })
      expect(unseal(newKeys, waiting?.sealed ?? Buffer.of(), revocationOf(id))).toBe('revoked')
    }, 10_000)
  }, 30_000)

  it('stay as they are when there is a newer one by then', async () => {
    const userId = randomUUID()
    await addUser(userId)
    const sealed = await sealedOf(userId)
    const late = { place: [userId, 'app'], sealed: Buffer.from('an earlier one'), sealedAnew: Buffer.from('x') }
    expect(await replaceSealedTokens(under.database, grantTokens, [late])).toBe(0)
    const text = (of: Buffer): string =>
      unseal([...newKeys, ...oldKeys], of, refreshTokenOf({ userId, clientId: 'app' }))
    expect(text(await sealedOf(userId))).toBe(text(sealed))
  })
})

it('a signing key that cannot be opened is put to work by nobody', async () => {
  const own = await startAuthUnderTest()
  const { rows } = await own.database.query<{ kid: string }>(
    `SELECT kid FROM auth.signing_keys WHERE state = 'standby'`,
  )
  const kid = rows[0]?.kid ?? ''
  const sealed = seal(deriveKeys(only('x'), 'signingKeys'), '{}', kid)
  await own.database.query(
    `UPDATE auth.signing_keys SET private_key_sealed = $2, state_changed_at = now() - interval '1 day' WHERE kid = $1`,
    [kid, sealed],
  )
  await expect(own.startAnother()).rejects.toThrow('another AUTH_MASTER_KEY')
  await expect(own.ask(rotateKeys, {})).rejects.toMatchObject({ code: 'internal' })
  const states = await own.database.query(`SELECT state FROM auth.signing_keys WHERE kid = $1`, [kid])
  expect(states.rows).toEqual([{ state: 'standby' }])
  await own.stop()
})
