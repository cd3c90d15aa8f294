// From nothing to a synced phone, through the front door only: the slice everything else stands on.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { ChangesPage, DayList, Me, Session, Snapshot, SubmitResult, TrackList, TrackPage } from '@cairn/contracts'
import { call, eventually, signInAsGuest, signInWithApple } from '@cairn/testkit'
import { startStack, type Stack } from '@cairn/testkit/stack'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(async () => {
  await stack.stop()
})

const completed = (item: string, at: string): object => ({
  event_id: randomUUID(),
  track_id: 'swift-basics',
  item_id: item,
  kind: 'completed',
  occurred_at: at,
  points: 10,
})

interface Frame {
  readonly type: string
  readonly data: ChangesPage & { seq: number }
  readonly traceparent?: string
  readonly request_id?: string
}

const listenPlain = async (session: Session): Promise<{ frames: Frame[]; close: () => void }> => {
  const address = `${stack.realtimeUrl.replace('http', 'ws')}/ws/user/${session.user.id}?token=${session.access_token}`
  const socket = new WebSocket(address)
  const frames: Frame[] = []
  socket.on('message', (bytes: Buffer) => frames.push(JSON.parse(bytes.toString('utf8')) as Frame))
  await once(socket, 'open')
  await eventually(() => expect(frames[0]?.type).toBe('session.ready'))
  return { frames, close: () => socket.terminate() }
}

const listenSocketIo = async (session: Session): Promise<{ frames: Frame[]; close: () => void }> => {
  const address = `${stack.realtimeUrl}/ws/user/${session.user.id}?token=${session.access_token}`
  const socket = io(address)
  const frames: Frame[] = []
  socket.onAny((type: string, data: Frame['data'], about: object = {}) => frames.push({ type, data, ...about }))
  await eventually(() => expect(frames[0]?.type).toBe('session.ready'))
  return { frames, close: () => socket.disconnect() }
}

describe('a phone that signs in with Apple', () => {
  it('posts events and finds them in snapshot and changes', async () => {
    const session = await signInWithApple(stack)
    expect(session).toMatchObject({ token_type: 'Bearer', created: true, user: { is_guest: false } })
    const token = session.access_token
    const events = [
      completed('lesson-1', '2026-03-01T23:30:00+02:00'),
      completed('lesson-2', '2026-03-02T08:00:00+02:00'),
    ]
    const posted = await call<SubmitResult>(stack.gatewayUrl, '/api/v1/progress/events', {
      method: 'POST',
      token,
      body: { events },
    })
    expect(posted.status).toBe(200)
    expect(posted.body.results).toMatchObject([
      { status: 'applied', seq: 1 },
      { status: 'applied', seq: 2 },
    ])
    const again = await call<SubmitResult>(stack.gatewayUrl, '/api/v1/progress/events', {
      method: 'POST',
      token,
      body: { events },
    })
    expect(again.body.results.map(receipt => receipt.status)).toEqual(['duplicate', 'duplicate'])

    const snapshot = await call<Snapshot>(stack.gatewayUrl, '/api/v1/progress', { token })
    expect(snapshot.body).toMatchObject({
      head: posted.body.head,
      totals: { tracks: 1, items: 2, completed_items: 2, points: 20, event_count: 2, active_days: 2 },
      streak: { longest: 2, last_day: '2026-03-02', valid_until: '2026-03-03' },
    })
    const changes = await call<ChangesPage>(stack.gatewayUrl, '/api/v1/progress/changes?since=0&limit=1', { token })
    expect(changes.body).toMatchObject({ from_seq: 1, to_seq: 1, has_more: true, head: posted.body.head })
    expect(changes.body.events[0]).toMatchObject({ seq: 1, occurred_at: '2026-03-01T23:30:00.000+02:00' })
  })

  it('is told that nothing has changed, until something has', async () => {
    const { access_token: token } = await signInAsGuest(stack)
    const path = '/api/v1/progress?time_zone=Asia%2FTokyo'
    const first = await call<Snapshot>(stack.gatewayUrl, path, { token })
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' }
    expect(headers['if-none-match']).toMatch(/^W\/"[^"]+"$/)
    const same = await call<Snapshot | undefined>(stack.gatewayUrl, path, { token, headers })
    expect(same).toMatchObject({ status: 304, body: undefined })
    expect(same.headers.get('etag')).toBe(first.headers.get('etag'))
    expect((await call(stack.gatewayUrl, '/api/v1/progress', { token, headers })).status).toBe(200)
    const events = [completed('lesson-1', '2026-03-01T10:00:00Z')]
    await call(stack.gatewayUrl, '/api/v1/progress/events', { method: 'POST', token, body: { events } })
    expect((await call(stack.gatewayUrl, path, { token, headers })).status).toBe(200)
  })

  it('is not told so by what somebody else has seen, whose log is as long', async () => {
    const [one, other] = [await signInAsGuest(stack), await signInAsGuest(stack)]
    const path = '/api/v1/progress?time_zone=Asia%2FTokyo'
    const seen = await call<Snapshot>(stack.gatewayUrl, path, { token: one.access_token })
    const headers = { 'if-none-match': seen.headers.get('etag') ?? '' }
    expect((await call(stack.gatewayUrl, path, { token: other.access_token, headers })).status).toBe(200)
  })

  it('finds its tracks, their items and its days', async () => {
    const { access_token: token } = await signInAsGuest(stack)
    const track = '🏔'.repeat(128)
    const event = { ...completed('lesson-1', '2026-03-01T10:00:00Z'), track_id: track }
    await call(stack.gatewayUrl, '/api/v1/progress/events', { method: 'POST', token, body: { events: [event] } })
    const tracks = await call<TrackList>(stack.gatewayUrl, '/api/v1/progress/tracks?limit=1', { token })
    expect(tracks.body).toMatchObject({ tracks: [{ track_id: track, items: 1 }], next_cursor: null })
    const path = `/api/v1/progress/tracks/${encodeURIComponent(track)}`
    const items = await call<TrackPage>(stack.gatewayUrl, `${path}?limit=1`, { token })
    expect(items.body).toMatchObject({
      track: { track_id: track },
      items: [{ item_id: 'lesson-1', status: 'completed' }],
    })
    expect(await call(stack.gatewayUrl, '/api/v1/progress/tracks/unknown', { token })).toMatchObject({ status: 404 })
    const days = await call<DayList>(stack.gatewayUrl, '/api/v1/progress/days?from=2026-02-01&to=2026-03-31', { token })
    expect(days.body.days).toEqual([{ date: '2026-03-01', events: 1, points: 10, duration_ms: 0 }])
    expect((await call(stack.gatewayUrl, '/api/v1/progress/days?from=2026-02-01', { token })).status).toBe(400)
  })

  it('comes back to the same account, and reads who it is', async () => {
    const first = await signInWithApple(stack, 'the-same-subject')
    const second = await signInWithApple(stack, 'the-same-subject')
    expect(second).toMatchObject({ created: false, user: { id: first.user.id } })
    const me = await call<Me>(stack.gatewayUrl, '/api/v1/me', { token: second.access_token })
    expect(me.body.user.id).toBe(first.user.id)
  })

  it('keeps its session through a refresh', async () => {
    const session = await signInAsGuest(stack)
    const body = { refresh_token: session.refresh_token }
    const refreshed = await call<Session>(stack.gatewayUrl, '/api/v1/auth/refresh', { method: 'POST', body })
    expect(refreshed.body.session_id).toBe(session.session_id)
    const me = await call<Me>(stack.gatewayUrl, '/api/v1/me', { token: refreshed.body.access_token })
    expect(me.status).toBe(200)
  })
})

describe('the other devices of a user', () => {
  it.each([
    ['plain WebSocket', listenPlain],
    ['socket.io', listenSocketIo],
  ])('see the change over %s, as they would read it over HTTP', async (_door, listen) => {
    const session = await signInAsGuest(stack)
    const { frames, close } = await listen(session)
    await call(stack.gatewayUrl, '/api/v1/progress/events', {
      method: 'POST',
      token: session.access_token,
      body: { events: [completed('lesson-1', '2026-03-01T10:00:00Z')] },
    })
    const pushed = await eventually(() => {
      const frame = frames.find(one => one.type === 'progress.changed')
      expect(frame).toBeDefined()
      return frame
    })
    const page = await call<ChangesPage>(stack.gatewayUrl, '/api/v1/progress/changes?since=0', {
      token: session.access_token,
    })
    const { request_id: _requestId, ...sameOverHttp } = page.body as ChangesPage & { request_id: string }
    expect(pushed?.data).toEqual(sameOverHttp)
    close()
  })
})

describe('what is refused', () => {
  it.each([
    ['no token', undefined],
    ['a token that is none', 'abc'],
  ])('%s', async (_what, token) => {
    const answer = await call(stack.gatewayUrl, '/api/v1/me', token === undefined ? {} : { token })
    expect(answer).toMatchObject({ status: 401, body: { code: 'token_invalid' } })
  })

  it('an identity token made with a key that is not the issuer’s', async () => {
    const nonce = await call<{ nonce: string }>(stack.gatewayUrl, '/api/v1/auth/nonce', { method: 'POST' })
    const order = { method: 'POST', headers: { 'content-type': 'application/json' } }
    const body = JSON.stringify({ nonce: nonce.body.nonce, key: 'wrong' })
    const minted = (await (await fetch(`${stack.apple.issuer}/token`, { ...order, body })).json()) as {
      identity_token: string
    }
    const answer = await call(stack.gatewayUrl, '/api/v1/auth/apple', {
      method: 'POST',
      body: { identity_token: minted.identity_token, nonce: nonce.body.nonce },
    })
    expect(answer).toMatchObject({ status: 401, body: { code: 'token_invalid' } })
  })

  it('unknown routes, bodies that are not JSON, bodies too large', async () => {
    const post = { method: 'POST' } as const
    expect(await call(stack.gatewayUrl, '/nowhere')).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(await call(stack.gatewayUrl, '/api/v1/auth/refresh', { ...post, body: '{,}' })).toMatchObject({
      status: 400,
    })
    const large = 'x'.repeat(2 ** 20 + 1)
    expect(await call(stack.gatewayUrl, '/api/v1/auth/refresh', { ...post, body: large })).toMatchObject({
      status: 413,
    })
  })
})
