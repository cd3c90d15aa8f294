// Refresh tokens, the end of sessions and who hears of it, at the HTTP surface: rows 7, 20, 21 and 35 to 46 of the table of
// bad inputs. Clocks are moved in the database, which is the only one that counts.
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { authVariables } from '@cairn/auth/config'
import { startAuth, type RunningAuth } from '@cairn/auth/service'
import { Bus, request, route, serve, subscribe } from '@cairn/bus'
import {
  cleanUpSessions,
  readKeySet,
  sessionEndedSubjects,
  type KeySet,
  type Session,
  type SessionEnded,
  type SessionList,
} from '@cairn/contracts'
import { gatewayVariables } from '@cairn/gateway/config'
import { startGateway, type RunningGateway } from '@cairn/gateway/service'
import { createLogger, readEnvironment, type Environment } from '@cairn/runtime'
import { administer, call, eventually, ownMs, signInAsGuest, signInWithApple } from '@cairn/testkit'
import { startStack, type Stack } from '@cairn/testkit/stack'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { expectRefused, Secrets } from './auth/refusals.ts'

const secrets = new Secrets()
const ended: SessionEnded[] = []
let stack: Stack
let database: pg.Pool
let bus: Bus
let second: RunningGateway
let anotherAuth: RunningAuth | undefined
let session: Session

const urlOf = ({ port }: RunningGateway): string => `http://127.0.0.1:${port}`
const anotherGateway = (changes: Environment = {}): Promise<RunningGateway> =>
  startGateway(readEnvironment(gatewayVariables, { ...stack.environment, ...changes }), stack.logs.loggerFor('gateway'))
const untilReady = (url: string): Promise<unknown> =>
  eventually(async () => expect((await call(url, '/readyz')).status).toBe(200), 10_000)

const keep = (answered: Session): Session => {
  secrets.add(answered.access_token)
  secrets.add(answered.refresh_token)
  return answered
}
const newGuest = async (): Promise<Session> => keep(await signInAsGuest(stack))

beforeAll(async () => {
  stack = await startStack()
  database = new pg.Pool({ connectionString: stack.databaseUrl, max: 2 })
  database.on('error', () => undefined)
  bus = await Bus.connect({
    url: stack.bus.url,
    name: 'spy',
    logger: createLogger({ service: 'spy', level: 'silent' }),
  })
  subscribe(bus, sessionEndedSubjects, message => void ended.push(message.json() as SessionEnded))
  second = await anotherGateway()
  await untilReady(stack.gatewayUrl)
  await untilReady(urlOf(second))
})
afterAll(async () => {
  await second.stop()
  await anotherAuth?.stop()
  await bus.drain(100)
  await database.end()
  await stack.stop()
})
beforeEach(async () => {
  session = await newGuest()
})

const me = (token: string, url = stack.gatewayUrl) => call(url, '/api/v1/me', { token })
const refresh = async (token: unknown, url = stack.gatewayUrl) => {
  const answer = await call<Session>(url, '/api/v1/auth/refresh', { method: 'POST', body: { refresh_token: token } })
  if (answer.status === 200) keep(answer.body)
  return answer
}
const refreshed = async (token: string): Promise<string> => {
  const { status, body } = await refresh(token)
  expect(status).toBe(200)
  return body.refresh_token
}
const post = (path: string, options: object = {}) =>
  call(stack.gatewayUrl, `/api/v1${path}`, { method: 'POST', ...options })
const remove = (path: string, token: string) => call(stack.gatewayUrl, `/api/v1${path}`, { method: 'DELETE', token })
/** Lets so much time pass for one session. */
const age = (sessionId: string, interval: string) =>
  database.query(
    `UPDATE auth.sessions SET rotated_at = rotated_at - $2::interval, idle_expires_at = idle_expires_at - $2::interval,
      absolute_expires_at = absolute_expires_at - $2::interval WHERE id = $1`,
    [sessionId, interval],
  )
const rowOf = async (sessionId: string): Promise<unknown> =>
  (await database.query('SELECT xmin::text, s.* FROM auth.sessions s WHERE id = $1', [sessionId])).rows[0]
const refusedWithinASecond = async (token: string, url?: string): Promise<void> => {
  await eventually(async () => expectRefused(await me(token, url)), 1_000)
}
const readChecks = async (url: string) => (await call<{ checks: object }>(url, '/readyz')).body.checks
const openSocket = async ({ user, access_token: token }: Session) => {
  const socket = new WebSocket(`${stack.realtimeUrl.replace('http', 'ws')}/ws/user/${user.id}?token=${token}`)
  await once(socket, 'message')
  const state: { code?: number } = {}
  socket.on('close', code => void (state.code = code))
  return state
}

describe('a refresh token', () => {
  it.each<[string, (token: string) => unknown, 400 | 401]>([
    ['garbage', () => 'garbage', 401],
    ['a zero', () => '0', 401],
    ['a number', () => 0, 400],
    ['nothing', () => '', 400],
    ['300 characters', () => 'r'.repeat(300), 401],
    ['2 000 characters', () => 'r'.repeat(2_000), 400],
    ['a wrong checksum', token => `${token.slice(0, -22)}${'A'.repeat(22)}`, 401],
    ['one character cut off', token => token.slice(0, -1), 401],
    ['a newline more', token => `${token}\n`, 401],
    ['another generation', token => token.replace(/\.0\./, '.1.'), 401],
    ['another version', token => token.replace('rt1', 'rt2'), 401],
  ])('row 35: %s touches no row', async (_name, change, status) => {
    const before = await rowOf(session.session_id)
    const answer = await refresh(change(session.refresh_token))
    expect(answer).toMatchObject({ status, body: { code: status === 401 ? 'token_invalid' : 'invalid_request' } })
    expect(await rowOf(session.session_id)).toEqual(before)
    await refreshed(session.refresh_token)
  })

  it("row 36: with a real session's id and a forged secret ends nothing", async () => {
    const [version, id, generation] = session.refresh_token.split('.')
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const forged = [version, id, generation, 'A'.repeat(22), 'B'.repeat(22)].join('.')
      expectRefused(await refresh(forged))
    }
    await refreshed(session.refresh_token)
    expect((await me(session.access_token)).status).toBe(200)
  })

  it('row 37: twenty at once, over two gateways, all get the same successor', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => refresh(session.refresh_token, index % 2 ? urlOf(second) : undefined)),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
  })

  it('row 38: whose answer was lost is answered again: the same after 2 s, another after an hour', async () => {
    const lost = await refreshed(session.refresh_token)
    await age(session.session_id, '2 seconds')
    expect(await refreshed(session.refresh_token)).toBe(lost)
    await age(session.session_id, '1 hour')
    const other = await refreshed(session.refresh_token)
    expect(other).not.toBe(lost)
    await refreshed(other)
  })

  it('row 39: two generations old ends the session, its access tokens, and says so', async () => {
    const newest = await refreshed(await refreshed(session.refresh_token))
    expect((await me(session.access_token)).status).toBe(200)
    expectRefused(await refresh(session.refresh_token))
    await refusedWithinASecond(session.access_token)
    await refusedWithinASecond(session.access_token, urlOf(second))
    expectRefused(await refresh(newest))
    await eventually(() =>
      expect(ended).toContainEqual(
        expect.objectContaining({ session_id: session.session_id, reason: 'reuse_detected' }),
      ),
    )
  })

  it('row 40: a thief and the owner take turns, and are noticed by the second generation', async () => {
    const stolen = session.refresh_token
    const owners = await refreshed(stolen)
    await age(session.session_id, '15 minutes')
    const thiefs = await refreshed(stolen)
    await age(session.session_id, '15 minutes')
    expectRefused(await refresh(owners))
    expectRefused(await refresh(thiefs))
  })

  it('row 41: after logging out, by either token', async () => {
    expect((await post('/auth/logout', { token: session.access_token })).status).toBe(204)
    expectRefused(await refresh(session.refresh_token))
    const other = await newGuest()
    expect((await post('/auth/logout', { body: { refresh_token: other.refresh_token } })).status).toBe(204)
    expectRefused(await refresh(other.refresh_token))
    await refusedWithinASecond(other.access_token)
  })

  it('row 41: after the account was deleted', async () => {
    expect((await remove('/me', session.access_token)).status).toBe(204)
    expectRefused(await refresh(session.refresh_token))
    await refusedWithinASecond(session.access_token, urlOf(second))
  })

  it('row 42: not used for too long; past its absolute end though used daily', async () => {
    await age(session.session_id, '61 days')
    expectRefused(await refresh(session.refresh_token))
    const daily = await newGuest()
    let token = daily.refresh_token
    for (let month = 0; month < 8; month += 1) {
      await age(daily.session_id, '45 days')
      token = await refreshed(token)
    }
    await age(daily.session_id, '45 days')
    expectRefused(await refresh(token))
  })

  it('row 43: while the janitor deletes its row is 200 or 401, never 500', async () => {
    const sessions = await Promise.all(Array.from({ length: 10 }, newGuest))
    const ids = sessions.map(({ session_id: id }) => id)
    const refreshing = Promise.all(
      sessions.map(async one => {
        const statuses: number[] = []
        for (let token = one.refresh_token; statuses.at(-1) !== 401;) {
          const { status, body } = await refresh(token)
          statuses.push(status)
          if (status === 200) token = body.refresh_token
        }
        return statuses
      }),
    )
    await database.query(`UPDATE auth.sessions SET absolute_expires_at = now() WHERE id = ANY($1)`, [ids])
    await eventually(async () => {
      await request(bus, cleanUpSessions, { payload: { limit: 3 }, timeoutMs: 2_000 })
      expect((await database.query('SELECT FROM auth.sessions WHERE id = ANY($1)', [ids])).rowCount).toBe(0)
    })
    for (const statuses of await refreshing) {
      expect(statuses.at(-1)).toBe(401)
      expect(statuses.slice(0, -1).every(status => status === 200)).toBe(true)
    }
  })

  it('row 44: with the database down is 503 with a time to wait, and works afterwards', async () => {
    const { pathname, username } = new URL(stack.environment['AUTH_DATABASE_URL'] ?? '')
    const limit = (count: number) =>
      administer(stack.databaseUrl, `ALTER DATABASE ${pathname.slice(1)} CONNECTION LIMIT ${count}`)
    await limit(0)
    try {
      await database.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = $2',
        [pathname.slice(1), decodeURIComponent(username)],
      )
      const answer = await refresh(session.refresh_token)
      expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable', retry_after: 1 } })
      expect(answer.headers.get('retry-after')).toBe('1')
    } finally {
      await limit(-1)
    }
    await eventually(async () => expect((await refresh(session.refresh_token)).status).toBe(200))
  })

  it('row 44: needs no Redis', async () => {
    const withoutRedis = await anotherGateway({ REDIS_URL: 'redis://127.0.0.1:1' })
    try {
      await untilReady(urlOf(withoutRedis))
      const { status } = await call(urlOf(withoutRedis), '/api/v1/auth/refresh', {
        method: 'POST',
        body: { refresh_token: session.refresh_token },
      })
      expect(status).toBe(200)
    } finally {
      await withoutRedis.stop()
    }
  })
})

describe('a session', () => {
  it('row 45: is not there for anybody else, in the list or by id', async () => {
    const other = await newGuest()
    const list = await call<SessionList>(stack.gatewayUrl, '/api/v1/sessions', { token: other.access_token })
    expect(list.body.sessions.map(({ id }) => id)).toEqual([other.session_id])
    for (const id of [session.session_id, randomUUID(), 'x', session.session_id.toUpperCase()]) {
      expect(await remove(`/sessions/${id}`, other.access_token)).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      })
    }
    expect((await me(session.access_token)).status).toBe(200)
  })

  it('row 46: that ends itself is over for all: token, refresh token, socket; the dead token is refused', async () => {
    const socket = await openSocket(session)
    const ending = async (): Promise<void> => {
      expect((await remove(`/sessions/${session.session_id}`, session.access_token)).status).toBe(204)
      await eventually(() => expect(socket.code).toBe(4503), 1_000)
    }
    expect(await ownMs(ending)).toBeLessThan(1_500)
    await refusedWithinASecond(session.access_token)
    expectRefused(await refresh(session.refresh_token))
    expectRefused(await remove(`/sessions/${session.session_id}`, session.access_token))
  })

  it('row 46: may be ended again from another session of the user, and by nobody else', async () => {
    const sub = randomUUID()
    const [ending, other] = [keep(await signInWithApple(stack, sub)), keep(await signInWithApple(stack, sub))]
    const socket = await openSocket(ending)
    for (let repeat = 0; repeat < 2; repeat += 1) {
      expect((await remove(`/sessions/${ending.session_id}`, other.access_token)).status).toBe(204)
    }
    await refusedWithinASecond(ending.access_token)
    await eventually(() => expect(socket.code).toBe(4503), 1_000)
    expect((await me(other.access_token)).status).toBe(200)
  })

  it('sockets of a deleted account close, whichever session opened them', async () => {
    const socket = await openSocket(session)
    expect((await remove('/me', session.access_token)).status).toBe(204)
    await eventually(() => expect(socket.code).toBe(4503), 1_000)
  })
})

describe('the end of a session, elsewhere', () => {
  it('row 20: is known to another gateway within a second, cached tokens or not; row 7: in any spelling', async () => {
    const unseen = await newGuest()
    expect((await me(session.access_token, urlOf(second))).status).toBe(200)
    for (const one of [session, unseen]) await post('/auth/logout', { token: one.access_token })
    for (const { access_token: token } of [session, unseen]) {
      await refusedWithinASecond(token, urlOf(second))
      const last = String.fromCodePoint((token.codePointAt(token.length - 1) ?? 0) + 1)
      for (const other of [token.slice(0, -1) + last, `${token}==`]) expectRefused(await me(other, urlOf(second)))
    }
  })

  it('is known after the bus was lost, though nobody could be told', async () => {
    const { server } = stack.bus
    if (server === undefined) return
    const lives = await newGuest()
    const socket = await openSocket(session)
    for (const one of [session, lives]) expect((await me(one.access_token)).status).toBe(200)
    process.kill(server.pid, 'SIGKILL')
    await eventually(async () => expect((await call(stack.gatewayUrl, '/readyz')).status).toBe(503))
    await database.query(`UPDATE auth.sessions SET ended_at = now(), end_reason = 'logged_out' WHERE id = $1`, [
      session.session_id,
    ])
    await server.restart()
    await eventually(async () => expect((await me(lives.access_token)).status).toBe(200), 10_000)
    expectRefused(await me(session.access_token))
    await untilReady(urlOf(second))
    expectRefused(await me(session.access_token, urlOf(second)))
    await eventually(() => expect(socket.code).toBe(4503))
  })

  it('row 21: a gateway just started lets nobody in before it has read the deny list', async () => {
    const lives = await newGuest()
    await post('/auth/logout', { token: session.access_token })
    await refusedWithinASecond(session.access_token)
    const { keys } = (await call<KeySet>(stack.gatewayUrl, '/.well-known/jwks.json')).body
    await stack.stopService('auth')
    // Keys are to be had, the deny list is not.
    const keysOnly = serve(bus, {
      owner: 'auth',
      routes: [route(readKeySet, async () => ({ keys }))],
      hashUser: userId => userId,
      handlerTimeoutMs: 1_000,
    })
    const third = await anotherGateway()
    const progress = (token: string) => call(urlOf(third), '/api/v1/progress', { token })
    try {
      // That a signature is wrong can only be said by whoever has the keys.
      const wrong = [...lives.access_token.split('.').slice(0, 2), session.access_token.split('.')[2]].join('.')
      await eventually(async () => expectRefused(await progress(wrong)))
      expect(await readChecks(urlOf(third))).toMatchObject({ bus: true, tokens: false })
      expect((await call(urlOf(third), '/readyz')).status).toBe(503)
      expect((await progress(lives.access_token)).status).toBe(503)
      await keysOnly.stop()
      anotherAuth = await startAuth(readEnvironment(authVariables, stack.environment), stack.logs.loggerFor('auth'))
      await untilReady(urlOf(third))
      expectRefused(await progress(session.access_token))
      expect((await progress(lives.access_token)).status).toBe(200)
    } finally {
      await third.stop()
    }
  })
})

it('leaves no token in a log', () => {
  expect(secrets.size).toBeGreaterThan(100)
  expect(stack.logs.lines.length).toBeGreaterThan(50)
  expect(secrets.linesWith(stack.logs.lines)).toEqual([])
})
