// Sessions and deletion as phones see them: over HTTP, with every service running. Ended means refused within a second.
import { randomUUID } from 'node:crypto'
import type { Session, SessionList } from '@cairn/contracts'
import { call, eventually, signInAsGuest, signInWithApple, type Answer } from '@cairn/testkit'
import { startStack, type Stack } from '@cairn/testkit/stack'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let stack: Stack
let database: pg.Pool

beforeAll(async () => {
  stack = await startStack({ environment: { PROGRESS_ERASURE_SECOND_LOOK_MS: '1000' } })
  database = new pg.Pool({ connectionString: stack.databaseUrl, max: 2 })
})
afterAll(async () => {
  await database.end()
  await stack.stop()
})

const api = <Body = Record<string, unknown>>(
  path: string,
  options: Parameters<typeof call>[2],
): Promise<Answer<Body>> => call<Body>(stack.gatewayUrl, `/api/v1${path}`, options)
const me = (session: Session): Promise<Answer<Record<string, unknown>>> => api('/me', { token: session.access_token })
const refresh = (session: Session): Promise<Answer<Session>> =>
  api<Session>('/auth/refresh', { method: 'POST', body: { refresh_token: session.refresh_token } })
const refusedWithinASecond = (session: Session): Promise<void> =>
  eventually(
    async () => expect(await me(session)).toMatchObject({ status: 401, body: { code: 'token_invalid' } }),
    1_000,
  )
const twoSessions = async (): Promise<[Session, Session]> => {
  const sub = randomUUID()
  return [await signInWithApple(stack, sub), await signInWithApple(stack, sub)]
}

describe('sessions', () => {
  it('are listed, and one is ended: 204, again 204, its tokens dead within a second, the other lives', async () => {
    const [own, other] = await twoSessions()
    const list = await api<SessionList>('/sessions', { token: own.access_token })
    expect(list.body.sessions.map(({ id, current }) => [id, current])).toEqual([
      [own.session_id, true],
      [other.session_id, false],
    ])
    for (let time = 0; time < 2; time += 1) {
      const ended = await api(`/sessions/${other.session_id}`, { method: 'DELETE', token: own.access_token })
      expect(ended).toMatchObject({ status: 204, body: undefined })
    }
    await refusedWithinASecond(other)
    expect((await refresh(other)).status).toBe(401)
    expect((await me(own)).status).toBe(200)
  })

  it('of others are not found, to end or to see', async () => {
    const [own, stranger] = await Promise.all([signInAsGuest(stack), signInAsGuest(stack)])
    for (const id of [stranger.session_id, randomUUID(), 'x', '%00']) {
      expect((await api(`/sessions/${id}`, { method: 'DELETE', token: own.access_token })).status).toBe(404)
    }
    expect((await me(stranger)).status).toBe(200)
  })

  it('end all but the one that asks', async () => {
    const [own, other] = await twoSessions()
    expect((await api('/sessions', { method: 'DELETE', token: own.access_token })).status).toBe(204)
    await refusedWithinASecond(other)
    expect((await me(own)).status).toBe(200)
  })

  it('log out by access token and by refresh token', async () => {
    const [own, other] = await twoSessions()
    expect((await api('/auth/logout', { method: 'POST', token: own.access_token })).status).toBe(204)
    await refusedWithinASecond(own)
    expect((await api('/auth/logout', { method: 'POST', token: own.access_token })).status).toBe(204)
    const body = { refresh_token: other.refresh_token }
    expect((await api('/auth/logout', { method: 'POST', body })).status).toBe(204)
    expect((await api('/auth/logout', { method: 'POST', body })).status).toBe(204)
    await refusedWithinASecond(other)
    expect((await api('/auth/logout', { method: 'POST', body: {} })).status).toBe(401)
    expect((await api('/auth/logout', { method: 'POST' })).status).toBe(401)
  })

  it('log out by refresh token beside an access token that is none', async () => {
    const [own, other] = await twoSessions()
    const body = { refresh_token: own.refresh_token }
    expect((await api('/auth/logout', { method: 'POST', token: 'bad', body })).status).toBe(204)
    await refusedWithinASecond(own)
    expect((await refresh(own)).status).toBe(401)
    expect((await me(other)).status).toBe(200)
  })
})

describe('DELETE /me', () => {
  const rowsAbout = async (userId: string): Promise<string[]> => {
    const { rows: columns } = await database.query<{ place: string; column: string }>(
      `SELECT table_schema || '.' || table_name AS place, column_name AS column FROM information_schema.columns
        WHERE table_schema IN ('auth', 'progress') AND data_type = 'uuid' AND column_name IN ('user_id', 'id')`,
    )
    const asked = columns.map(({ place, column }) => `SELECT '${place}' AS place FROM ${place} WHERE ${column} = $1`)
    const { rows } = await database.query<{ place: string }>(asked.join(' UNION '), [userId])
    return rows.map(row => row.place).toSorted()
  }

  it('ends the sessions within a second and erases the user everywhere, a late batch too', async () => {
    const [own, other] = await twoSessions()
    const event = () => ({
      event_id: randomUUID(),
      track_id: 't',
      item_id: 'i',
      kind: 'completed',
      occurred_at: '2024-03-01T10:00:00Z',
    })
    const submit = () =>
      api('/progress/events', { method: 'POST', token: own.access_token, body: { events: [event()] } })
    expect((await submit()).status).toBe(200)
    const late = Array.from({ length: 10 }, submit)
    expect((await api('/me', { method: 'DELETE', token: own.access_token })).status).toBe(204)
    await Promise.all([refusedWithinASecond(own), refusedWithinASecond(other)])
    await Promise.all(late)
    await eventually(async () => expect(await rowsAbout(own.user.id)).toEqual(['auth.denied_users']))
    expect((await refresh(own)).status).toBe(401)
    expect((await api('/auth/logout', { method: 'POST', body: { refresh_token: own.refresh_token } })).status).toBe(204)
  })

  it('without a token is refused', async () => {
    expect((await api('/me', { method: 'DELETE' })).status).toBe(401)
  })
})
