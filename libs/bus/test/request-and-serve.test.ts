// Requests and their answers between two connections to a real server.
import {
  issueNonce,
  logAdvancedSubject,
  readSnapshot,
  refreshSession,
  requestSubject,
  type Nonce,
} from '@cairn/contracts'
import { Bus, publish, request, route, serve, subscribe, type Handler } from '@cairn/bus'
import { CairnError } from '@cairn/contracts'
import { continueTrace, currentRequest, runInRequest, type RequestContext } from '@cairn/runtime'
import { captureLogs, eventually, ownMs, startTestBus } from '@cairn/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const logs = captureLogs()
const caller = { userId: '3f0f6a52-0000-4000-8000-000000000001', sessionId: '3f0f6a52-0000-4000-8000-000000000002' }
const nonce: Nonce = { nonce: 'n', expires_at: '2026-01-01T00:00:00.000Z' }
let server: Awaited<ReturnType<typeof startTestBus>>
let asking: Bus
let owner: Bus
let answer: Handler<typeof issueNonce>

const connect = (name: string): Promise<Bus> => Bus.connect({ url: server.url, name, logger: logs.loggerFor(name) })

beforeAll(async () => {
  server = await startTestBus()
  asking = await connect('asking')
  owner = await connect('owner')
  serve(owner, {
    owner: 'auth',
    hashUser: userId => `hash of ${userId.slice(-1)}`,
    handlerTimeoutMs: 300,
    routes: [
      route(issueNonce, (payload, call) => answer(payload, call)),
      route(refreshSession, () => Promise.reject(new Error('SQL'))),
    ],
  })
  await owner.nats.flush()
})
afterAll(async () => {
  await Promise.all([asking.drain(100), owner.drain(100)])
  await server.stop()
})

const ask = (timeoutMs = 2_000) => request(asking, issueNonce, { payload: {}, timeoutMs, caller })

describe('a request', () => {
  it('is answered, in the context of the request it serves', async () => {
    const context: RequestContext = { requestId: 'request-0001', trace: continueTrace(), userHash: 'u' }
    let seen: RequestContext | undefined
    answer = async (_payload, call) => {
      seen = currentRequest()
      expect(call.caller).toEqual(caller)
      return nonce
    }
    expect(await runInRequest(context, () => ask())).toEqual(nonce)
    expect(seen).toMatchObject({
      requestId: 'request-0001',
      userHash: 'hash of 1',
      trace: { traceId: context.trace.traceId },
    })
    expect(seen?.trace.spanId).not.toBe(context.trace.spanId)
  })

  it('fails with what the owner says, without its causes', async () => {
    const errors = [{ path: '/x', message: 'is not right' }]
    answer = () =>
      Promise.reject(
        new CairnError('rate_limited', { detail: 'Slowly.', retryAfterSeconds: 7, errors, cause: new Error('secret') }),
      )
    await expect(ask()).rejects.toMatchObject({ code: 'rate_limited', detail: 'Slowly.', retryAfterSeconds: 7, errors })
    await expect(ask()).rejects.not.toHaveProperty('cause')
  })

  it('fails with `internal` when the handler throws anything else, which is logged once', async () => {
    const payload = { refresh_token: 'x' }
    await expect(request(asking, refreshSession, { payload, timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'internal',
      detail: undefined,
    })
    expect(logs.lines.filter(line => line.includes('"SQL"'))).toHaveLength(1)
  })

  it('with a payload that breaks the schema names the fields', async () => {
    const payload = { refresh_token: 5, extra: true } as unknown as { refresh_token: string }
    const failure = request(asking, refreshSession, { payload, timeoutMs: 1_000 })
    await expect(failure).rejects.toMatchObject({
      code: 'invalid_request',
      errors: expect.arrayContaining([expect.objectContaining({ path: '/refresh_token' })]) as unknown,
    })
  })

  it('that nobody serves fails at once', async () => {
    const refused = (): Promise<void> =>
      expect(request(asking, readSnapshot, { payload: {}, timeoutMs: 5_000 })).rejects.toMatchObject({
        code: 'unavailable',
      })
    expect(await ownMs(refused)).toBeLessThan(1_000)
  })

  it('of an operation the owner does not know is not found', async () => {
    const unknown = { ...issueNonce, subject: requestSubject('auth', 'nonce', 'unknown') }
    await expect(request(asking, unknown, { payload: {}, timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('whose handler is too slow is given up by the owner first, and says so', async () => {
    answer = () => new Promise(() => undefined)
    const startedAt = performance.now()
    await expect(ask(5_000)).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 1 })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(logs.lines.some(line => line.includes('the handler ran out of time'))).toBe(true)
  })

  it('whose handler fails after the deadline leaves the reason in the log, under the request', async () => {
    answer = () => new Promise((_resolve, reject) => setTimeout(() => reject(new Error('what held it up')), 400))
    await expect(ask(5_000)).rejects.toMatchObject({ code: 'unavailable' })
    const line = await eventually(() => {
      const found = logs.lines.find(one => one.includes('what held it up'))
      expect(found).toBeDefined()
      return JSON.parse(found ?? '{}') as Record<string, unknown>
    })
    expect(line).toMatchObject({ level: 'error', subject: issueNonce.subject, code: 'internal' })
    const early = logs.lines.findLast(one => one.includes('the handler ran out of time')) ?? '{}'
    expect(line['request_id']).toBe((JSON.parse(early) as Record<string, unknown>)['request_id'])
  })

  it('too deep or too large for the bus is the caller’s fault, and never sent', async () => {
    const deep = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`) as unknown
    const send = (payload: unknown) =>
      request(asking, refreshSession, { payload: payload as { refresh_token: string }, timeoutMs: 1_000 })
    await expect(send({ deep })).rejects.toMatchObject({ code: 'invalid_request' })
    await expect(send({ large: 'x'.repeat(3_000_000) })).rejects.toMatchObject({ code: 'payload_too_large' })
  })

  it('that gets no reply ends at its own deadline', async () => {
    const mute = owner.nats.subscribe('request.progress.>')
    await owner.nats.flush()
    await expect(request(asking, readSnapshot, { payload: {}, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'unavailable',
    })
    mute.unsubscribe()
  })
})

describe('an owner with too much to do', () => {
  it('refuses what goes beyond its bound', async () => {
    const busy = await Bus.connect({ url: server.url, name: 'busy', logger: logs.loggerFor('busy'), maxInFlight: 1 })
    const release: (() => void)[] = []
    const options = { owner: 'progress' as const, hashUser: String, handlerTimeoutMs: 5_000 }
    const serving = serve(busy, {
      ...options,
      routes: [route(readSnapshot, () => new Promise(resolve => release.push(() => resolve({} as never))))],
    })
    await busy.nats.flush()
    const first = request(asking, readSnapshot, { payload: {}, timeoutMs: 5_000 })
    await eventually(() => expect(release).toHaveLength(1))
    await expect(request(asking, readSnapshot, { payload: {}, timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'unavailable',
    })
    await serving.stop()
    const drained = busy.drain(5_000)
    release[0]?.()
    expect(await first).toEqual({})
    await drained
  })
})

describe('a handler that answers late', () => {
  it('keeps its place among those in flight until it is over, and a drain waits for it', async () => {
    const late = await Bus.connect({ url: server.url, name: 'late', logger: logs.loggerFor('late'), maxInFlight: 1 })
    let finish = (): void => undefined
    let finished = false
    const serving = serve(late, {
      owner: 'progress',
      hashUser: String,
      handlerTimeoutMs: 50,
      routes: [
        route(readSnapshot, async () => {
          await new Promise<void>(resolve => (finish = resolve))
          finished = true
          return { tag: '', snapshot: null }
        }),
      ],
    })
    await late.nats.flush()
    const askLate = () => request(asking, readSnapshot, { payload: {}, timeoutMs: 5_000 })
    await expect(askLate()).rejects.toMatchObject({ code: 'unavailable' })
    expect(late.inFlight.count).toBe(1)
    await expect(askLate()).rejects.toMatchObject({ code: 'unavailable' })
    expect(logs.lines.some(line => line.includes('too many requests in flight'))).toBe(true)
    await serving.stop()
    const drained = late.drain(5_000)
    finish()
    await drained
    expect(finished).toBe(true)
  })
})

describe('events', () => {
  it('reach who listens, with their request', async () => {
    const user = caller.userId
    const seen: { requestId: string | undefined; payload: unknown; text: string; subject: string }[] = []
    const listening = subscribe(owner, logAdvancedSubject(user), event => {
      seen.push({
        requestId: currentRequest()?.requestId,
        payload: event.json(),
        text: event.text(),
        subject: event.subject,
      })
    })
    await owner.nats.flush()
    runInRequest({ requestId: 'request-0002', trace: continueTrace() }, () =>
      publish(asking, logAdvancedSubject(user), { seq: 1 }),
    )
    await eventually(() => expect(seen).toHaveLength(1))
    expect(seen[0]).toEqual({
      requestId: 'request-0002',
      payload: { seq: 1 },
      text: '{"seq":1}',
      subject: logAdvancedSubject(user),
    })
    listening.unsubscribe()
  })
})

describe('when NATS goes away and comes back', () => {
  it('requests fail fast meanwhile, waiting ones at once, and work again afterwards', async () => {
    if (server.server === undefined) return
    let reconnected = 0
    asking.onReconnect(() => (reconnected += 1))
    let begun = false
    answer = () => {
      begun = true
      return new Promise(() => undefined)
    }
    const waiting = ask(10_000).catch((error: unknown) => error)
    await eventually(() => expect(begun).toBe(true))
    process.kill(server.server.pid, 'SIGKILL')
    expect(await waiting).toMatchObject({ code: 'unavailable' })
    await eventually(() => expect(asking.connected).toBe(false))
    await expect(ask()).rejects.toMatchObject({ code: 'unavailable' })
    expect(asking.disconnectedForMs).toBeGreaterThanOrEqual(0)
    await server.server.restart()
    answer = async () => nonce
    expect(await eventually(() => ask(), 10_000)).toEqual(nonce)
    expect(reconnected).toBe(1)
    expect(asking.disconnectedForMs).toBe(0)
  })

  it('a drain without a connection does not hang', async () => {
    if (server.server === undefined) return
    const lonely = await connect('lonely')
    process.kill(server.server.pid, 'SIGKILL')
    await eventually(() => expect(lonely.connected).toBe(false))
    await lonely.drain(100)
    expect(lonely.nats.isClosed()).toBe(true)
    await server.server.restart()
    await eventually(() => expect([asking.connected, owner.connected]).toEqual([true, true]), 10_000)
  })
})
