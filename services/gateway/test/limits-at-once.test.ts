// Limits while requests are under way: many at once are no more than many in turn, and what comes to nothing costs nothing.
import { randomUUID } from 'node:crypto'
import { CairnError, readMe, refreshSession, signInWithApple, submitEvents, type Session } from '@cairn/contracts'
import { call, eventually, type Answer } from '@cairn/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { session } from './a-session.ts'
import { startEdge, type Edge } from './edge.ts'

let edge: Edge
afterEach(async () => {
  await edge.stop()
})

const { user } = session

type Asked = Answer<Record<string, unknown>>

const identity = (sub: string): string => `x.${Buffer.from(JSON.stringify({ sub })).toString('base64url')}.x`
const apple = (sub: string, url = edge.url): Promise<Asked> =>
  call(url, '/api/v1/auth/apple', { method: 'POST', body: { identity_token: identity(sub), nonce: 'n' } })
const refresh = (refreshToken: string, url = edge.url): Promise<Asked> =>
  call(url, '/api/v1/auth/refresh', { method: 'POST', body: { refresh_token: refreshToken } })
const send = (token: string, count: number): Promise<Asked> =>
  edge.call('/api/v1/progress/events', {
    method: 'POST',
    token,
    body: { events: Array.from({ length: count }, () => ({})) },
  })

/** An owner that answers nobody before it is told to, and then everybody in the same way. */
const held = <T>(): { handler: () => Promise<T>; asked: () => number; answer: (how: () => Promise<T>) => void } => {
  const waiting: ((how: () => Promise<T>) => void)[] = []
  let asked = 0
  return {
    handler: () => {
      asked += 1
      return new Promise<T>((resolve, reject) => waiting.push(how => void how().then(resolve, reject)))
    },
    asked: () => asked,
    answer: how => waiting.splice(0).forEach(one => one(how)),
  }
}
const agree = async (): Promise<Session> => session
const refuse = (): Promise<never> => Promise.reject(new CairnError('token_invalid'))

const askAtOnce = (
  count: number,
  ask: (turn: number) => Promise<Asked>,
): { answered: Asked[]; all: Promise<Asked[]> } => {
  const answered: Asked[] = []
  const all = Array.from({ length: count }, async (_, turn) => {
    const answer = await ask(turn)
    answered.push(answer)
    return answer
  })
  return { answered, all: Promise.all(all) }
}
const times = (answers: readonly Asked[], status: number): number => answers.filter(one => one.status === status).length

describe('at once', () => {
  it('fifty-eight sign-ins of one Apple account, through two gateways, are ten', async () => {
    edge = await startEdge()
    const other = await edge.another()
    const owner = held<Session>()
    edge.answer(signInWithApple, owner.handler)
    const { answered, all } = askAtOnce(58, turn => apple('one', turn % 2 === 0 ? edge.url : other.url))
    await eventually(() => expect(owner.asked() + answered.length).toBe(58))
    expect(owner.asked()).toBe(10)
    owner.answer(agree)
    const answers = await all
    expect([times(answers, 200), times(answers, 429)]).toEqual([10, 48])
    expect((await apple('one')).body).toMatchObject({ 'violated-policies': ['subject'] })
  })

  it('a hundred refreshes of one session are thirty', async () => {
    edge = await startEdge()
    const owner = held<Session>()
    edge.answer(refreshSession, owner.handler)
    const token = `rt1.${randomUUID()}.1.${'s'.repeat(22)}.${'m'.repeat(22)}`
    const { answered, all } = askAtOnce(100, () => refresh(token))
    await eventually(() => expect(owner.asked() + answered.length).toBe(100))
    owner.answer(agree)
    const answers = await all
    expect([times(answers, 200), times(answers, 429)]).toEqual([30, 70])
  })

  it('those who cannot sign in to an account stand in nobody’s way any longer than they are asked about', async () => {
    edge = await startEdge()
    const other = await edge.another()
    const owner = held<Session>()
    edge.answer(signInWithApple, owner.handler)
    const { all } = askAtOnce(10, () => apple('victim'))
    await eventually(() => expect(owner.asked()).toBe(10))
    expect(await apple('victim')).toMatchObject({ status: 429, body: { retry_after: 1 } })
    owner.answer(refuse)
    expect(times(await all, 401)).toBe(10)
    edge.answer(signInWithApple, agree)
    expect((await apple('victim')).status).toBe(200)
    expect((await apple('victim', other.url)).status).toBe(200)
  })

  it('sent in one write neither, not even those that were refused: nothing of them is remembered', async () => {
    edge = await startEdge({ TRUSTED_PROXIES: '127.0.0.0/8', LIMITS_REFUSED_MEMORY_MS: '60000' })
    const owner = held<Session>()
    edge.answer(signInWithApple, owner.handler)
    const body = JSON.stringify({ identity_token: identity('victim'), nonce: 'n' })
    const head = ['POST /api/v1/auth/apple HTTP/1.1', 'Host: x', 'X-Forwarded-For: 203.0.113.9']
    const fields = ['Content-Type: application/json', `Content-Length: ${body.length}`]
    const forged = [...head, ...fields, '', body].join('\r\n')
    const last = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    const answered = edge.raw(forged.repeat(14) + last)
    await eventually(() => expect(owner.asked()).toBe(10))
    owner.answer(refuse)
    const all = [...(await answered).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
    expect([200, 401, 429].map(one => all.filter(status => status === one).length)).toEqual([1, 10, 4])
    edge.answer(signInWithApple, agree)
    expect((await apple('victim')).status).toBe(200)
  })

  it('a hundred refreshes that fail are thirty failures, and tell no more than those', async () => {
    edge = await startEdge()
    const other = await edge.another()
    const owner = held<Session>()
    edge.answer(refreshSession, owner.handler)
    const { all } = askAtOnce(100, turn => refresh('x', turn % 2 === 0 ? edge.url : other.url))
    await eventually(() => expect(owner.asked()).toBe(100))
    owner.answer(refuse)
    const answers = await all
    expect([times(answers, 401), times(answers, 429)]).toEqual([30, 70])
    expect(answers.find(({ status }) => status === 429)?.body).toMatchObject({ 'violated-policies': ['failures'] })
  })

  it('a hundred good refreshes behind one address fail nobody', async () => {
    edge = await startEdge()
    const owner = held<Session>()
    edge.answer(refreshSession, owner.handler)
    const { all } = askAtOnce(100, () => refresh('x'))
    await eventually(() => expect(owner.asked()).toBe(100))
    owner.answer(agree)
    expect(times(await all, 200)).toBe(100)
  })
})

describe('events', () => {
  it('that an owner who is away could not take are not counted', async () => {
    edge = await startEdge({ GATEWAY_LIMIT_EVENTS_PER_USER: '1000' })
    const token = edge.token(randomUUID())
    for (let turn = 0; turn < 4; turn += 1) {
      const away = await send(token, 500)
      expect(away.status).toBe(503)
      expect(away.headers.get('ratelimit')).not.toContain('events')
    }
    edge.answer(submitEvents, async ({ events }) => ({
      results: events.map(() => ({ event_id: null, status: 'rejected' as const, code: 'invalid_event' as const })),
      head: { epoch: 'e', seq: 0 },
    }))
    expect([(await send(token, 500)).status, (await send(token, 500)).status]).toEqual([200, 200])
    expect(await send(token, 1)).toMatchObject({ status: 429, body: { 'violated-policies': ['events'] } })
  })

  it.each([
    ['no events', { events: [] }],
    ['what is no JSON', '{'],
    ['more than may be sent', 'x'.repeat(2_000)],
  ])('with %s count as one request of the user', async (_what, body) => {
    edge = await startEdge({ GATEWAY_LIMIT_PER_USER: '3', GATEWAY_MAX_BODY_BYTES: '1024' })
    edge.answer(readMe, async () => ({ user }))
    const token = edge.token(randomUUID())
    const ask = (): Promise<Asked> => edge.call('/api/v1/progress/events', { method: 'POST', token, body })
    for (let turn = 0; turn < 3; turn += 1) expect((await ask()).status).not.toBe(429)
    expect(await ask()).toMatchObject({ status: 429, body: { 'violated-policies': ['user'] } })
    expect((await edge.call('/api/v1/me', { token })).status).toBe(429)
    expect((await edge.call('/api/v1/me', { token: edge.token(randomUUID()) })).status).toBe(200)
  })
})
