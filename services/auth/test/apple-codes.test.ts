// Authorization codes beside sign-in: kept sealed, exchanged when Apple answers, never in the way of a login.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { cleanUpAppleCodes, deleteMe, receiveAppleNotification, type Session } from '@cairn/contracts'
import { eventually, orderIdentityToken, ownMs } from '@cairn/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  applePrivateKey,
  clientIds,
  signInWithCode,
  startAuthUnderTest,
  type AuthUnderTest,
} from './auth-under-test.ts'

let under: AuthUnderTest
let without: AuthUnderTest
beforeAll(async () => {
  without = await startAuthUnderTest()
  // The issuer of the other one answers for both: it takes any code once.
  under = await startAuthUnderTest({
    APPLE_KEY_ID: 'KEYID00000',
    APPLE_PRIVATE_KEY: applePrivateKey,
    APPLE_TOKEN_URL: `${without.apple.issuer}/auth/token`,
    APPLE_REVOKE_URL: `${without.apple.issuer}/auth/revoke`,
    APPLE_EXCHANGE_TIMEOUT_MS: '2000',
    APPLE_EXCHANGE_POLL_MS: '50',
  })
})
afterAll(async () => {
  await under.stop()
  await without.stop()
})
afterEach(() => control('ok'))

const control = async (token: 'ok' | 'fail' | 'hang'): Promise<void> => {
  const headers = { 'content-type': 'application/json' }
  await fetch(`${without.apple.issuer}/control`, { method: 'POST', headers, body: JSON.stringify({ token }) })
}
interface Grant {
  readonly client_id: string
  readonly code_sealed: Buffer | null
  readonly refresh_token_sealed: Buffer | null
  readonly attempts: number
}
const grantsOf = async (auth: AuthUnderTest, { user }: Session): Promise<Grant[]> => {
  const { rows } = await auth.database.query<Grant>('SELECT * FROM auth.apple_grants WHERE user_id = $1', [user.id])
  return rows
}
const exchanged = (session: Session): Promise<void> =>
  eventually(async () => {
    const [grant] = await grantsOf(under, session)
    expect(grant).toMatchObject({
      client_id: clientIds[1],
      code_sealed: null,
      refresh_token_sealed: expect.any(Buffer),
    })
  })
const tryAgainNow = (session: Session): Promise<unknown> =>
  under.database.query(
    'UPDATE auth.apple_grants SET next_attempt_at = now() WHERE user_id = $1 AND code_sealed IS NOT NULL',
    [session.user.id],
  )

interface LateCall {
  readonly path: string
  readonly form: Readonly<Record<string, string>>
}

/** Apple, taking its time: the first exchange is answered when the test says so, a second one is refused. */
const startLateApple = async () => {
  const calls: LateCall[] = []
  const answered = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    void (async () => {
      const form = Object.fromEntries(new URLSearchParams(await text(request)))
      calls.push({ path: request.url ?? '', form })
      const exchanges = calls.filter(({ path }) => path === '/auth/token').length
      if (request.url === '/auth/token') await answered.promise
      const refused = request.url === '/auth/token' && exchanges > 1
      response.statusCode = refused ? 400 : 200
      response.end(JSON.stringify(refused ? { error: 'invalid_grant' } : { refresh_token: 'late-token' }))
    })()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  return { url, calls, answer: () => answered.resolve(), stop }
}

describe('an authorization code', () => {
  it('is exchanged for the client id of the identity token', async () => {
    const session = await signInWithCode(under, randomUUID())
    await exchanged(session)
    expect(await grantsOf(under, session)).toHaveLength(1)
  })

  it.each(['fail', 'hang'] as const)(
    'is tried again when Apple does not answer (%s), and no login waits',
    async how => {
      await control(how)
      const signingIn = signInWithCode(under, randomUUID())
      expect(await ownMs(() => signingIn)).toBeLessThan(1_000)
      const session = await signingIn
      await eventually(async () => expect((await grantsOf(under, session))[0]?.attempts).toBeGreaterThanOrEqual(1))
      expect((await grantsOf(under, session))[0]?.code_sealed).toBeInstanceOf(Buffer)
      await control('ok')
      await eventually(async () => {
        await tryAgainNow(session)
        expect((await grantsOf(under, session))[0]?.code_sealed).toBeNull()
      })
      await exchanged(session)
    },
  )

  it('that Apple does not take is given up, and the token of an earlier one stays', async () => {
    const [code, sub] = [randomUUID(), randomUUID()]
    const session = await signInWithCode(under, code, sub)
    await exchanged(session)
    const [before] = await grantsOf(under, session)
    await signInWithCode(under, code, sub)
    await eventually(async () => expect((await grantsOf(under, session))[0]?.code_sealed).toBeNull())
    expect(await grantsOf(under, session)).toEqual([before])
  })

  it('without credentials is kept sealed until it is too old, and is in no log', async () => {
    const code = `code-${randomUUID()}`
    const session = await signInWithCode(without, code)
    const [grant] = await grantsOf(without, session)
    expect(grant?.code_sealed?.toString('latin1')).not.toContain(code)
    expect(await without.ask(cleanUpAppleCodes, { limit: 10 })).toEqual({ deleted: 0 })
    await without.database.query('UPDATE auth.apple_grants SET code_expires_at = now()')
    expect(await without.ask(cleanUpAppleCodes, { limit: 10 })).toEqual({ deleted: 1 })
    expect((await grantsOf(without, session))[0]?.code_sealed).toBeNull()
    expect(without.logs.lines.join('\n')).not.toContain(code)
  })

  it.each(['with space', 'ümlaut', 'new\nline', 'x'.repeat(1_025), ''])(
    '%j is refused before anything happens',
    async code => {
      await expect(signInWithCode(under, code)).rejects.toMatchObject({ code: 'invalid_request' })
    },
  )
})

describe('what Apple granted', () => {
  interface Revocation {
    readonly client_id: string
    readonly attempts: number
    readonly code_sealed: Buffer | null
  }
  const revocations = async (): Promise<Revocation[]> =>
    (await under.database.query<Revocation>('SELECT client_id, attempts, code_sealed FROM auth.apple_revocations')).rows
  const remove = (auth: AuthUnderTest, { user, session_id: sessionId }: Session) =>
    auth.ask(deleteMe, {}, { userId: user.id, sessionId })
  const deleted = async (): Promise<Session> => {
    const session = await signInWithCode(under, randomUUID())
    await exchanged(session)
    await control('fail')
    await remove(under, session)
    return session
  }
  const settlements = (): boolean[] =>
    under.logs.lines
      .filter(line => line.includes('settled at Apple'))
      .map(line => (JSON.parse(line) as { revoked: boolean }).revoked)
  /** Apple answers again: the one revocation that waits is over, and this is how. */
  const expectSettled = async (revoked: boolean): Promise<void> => {
    const before = settlements().length
    await control('ok')
    await under.database.query('UPDATE auth.apple_revocations SET next_attempt_at = now()')
    await eventually(() => expect(settlements().slice(before)).toEqual([revoked]))
    expect(await revocations()).toEqual([])
  }

  it('goes with the account, and is revoked at Apple as soon as Apple answers', async () => {
    expect(await grantsOf(under, await deleted())).toEqual([])
    await eventually(async () => expect((await revocations())[0]?.attempts).toBeGreaterThanOrEqual(1))
    expect(await revocations()).toMatchObject([{ client_id: clientIds[1] }])
    await expectSettled(true)
  })

  it('of a code that still waits is revoked too: exchanged first, then revoked', async () => {
    await control('fail')
    const session = await signInWithCode(under, randomUUID())
    await remove(under, session)
    expect(await grantsOf(under, session)).toEqual([])
    expect(await revocations()).toMatchObject([{ client_id: clientIds[1], code_sealed: expect.any(Buffer) }])
    await expectSettled(true)
  })

  it('of a code that Apple does not take is settled without a token', async () => {
    const code = randomUUID()
    await exchanged(await signInWithCode(under, code))
    await control('fail')
    await remove(under, await signInWithCode(under, code))
    await expectSettled(false)
  })

  it('in a form that cannot be read holds up no deletion', async () => {
    const session = await signInWithCode(under, randomUUID())
    await exchanged(session)
    await under.database.query(`UPDATE auth.apple_grants SET refresh_token_sealed = '\\x01' WHERE user_id = $1`, [
      session.user.id,
    ])
    await remove(under, session)
    expect(await grantsOf(under, session)).toEqual([])
    expect(await revocations()).toEqual([])
    expect(under.logs.lines.join('\n')).toContain('cannot be read, and is not revoked')
  })

  it('while the account was being deleted is revoked as well', async () => {
    const late = await startLateApple()
    const auth = await startAuthUnderTest({
      APPLE_KEY_ID: 'KEYID00000',
      APPLE_PRIVATE_KEY: applePrivateKey,
      APPLE_TOKEN_URL: `${late.url}/auth/token`,
      APPLE_REVOKE_URL: `${late.url}/auth/revoke`,
    })
    try {
      const session = await signInWithCode(auth, 'late-code')
      await eventually(() => expect(late.calls).toMatchObject([{ path: '/auth/token', form: { code: 'late-code' } }]))
      await remove(auth, session)
      late.answer()
      await eventually(() =>
        expect(late.calls).toContainEqual(
          expect.objectContaining({ path: '/auth/revoke', form: expect.objectContaining({ token: 'late-token' }) }),
        ),
      )
      await eventually(async () =>
        expect(
          (await auth.database.query('SELECT FROM auth.apple_revocations WHERE token_sealed IS NOT NULL')).rowCount,
        ).toBe(0),
      )
    } finally {
      await auth.stop()
      await late.stop()
    }
  })

  it('is given up when Apple has not answered for too long, and the log says so', async () => {
    await deleted()
    await under.database.query('UPDATE auth.apple_revocations SET expires_at = now()')
    expect(await under.ask(cleanUpAppleCodes, { limit: 10 })).toEqual({ deleted: 1 })
    expect(await revocations()).toEqual([])
    expect(under.logs.lines.join('\n')).toContain('never revoked at Apple')
  })

  it('goes with the consent', async () => {
    const sub = randomUUID()
    const session = await signInWithCode(under, randomUUID(), sub)
    await exchanged(session)
    const claims = { sub: null, jti: randomUUID(), events: { type: 'consent-revoked', sub } }
    await under.ask(receiveAppleNotification, { payload: await orderIdentityToken(under.apple.issuer, { claims }) })
    expect(await grantsOf(under, session)).toEqual([])
  })
})
