// When recorded events are sent again, and when they are not: the server is left the pauses that it asks for.
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CairnClient, CairnClientOptions } from '../src/index.ts'
import {
  clientAt,
  idsOf,
  otherSessionOf,
  problem,
  receiptsOf,
  sessionOf,
  startServer,
  type Answer,
  type TestServer,
} from './server.ts'

const events = 'POST /progress/events'

describe('recorded events', () => {
  let server: TestServer
  let client: CairnClient

  const create = (more: Partial<CairnClientOptions> = {}): CairnClient =>
    clientAt(server, {
      maxWaitMs: 500,
      ...more,
    })
  beforeEach(async () => {
    server = await startServer()
    server.on('POST /auth/refresh', { body: sessionOf(2) })
    server.on('POST /auth/guest', { body: otherSessionOf(1) })
    client = create()
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    client.disconnect()
    await server.stop()
  })
  const sent = (): unknown[][] => server.calls.filter(({ route }) => route === events).map(call => idsOf(call))
  const tokens = (): unknown[] => server.calls.filter(({ route }) => route === events).map(({ token }) => token)
  /** Records until `done`, one event every few milliseconds. */
  const recordUntil = async (done: () => boolean): Promise<void> => {
    for (let count = 0; !done(); count += 1) {
      await client.record({ event_id: `e${count}` })
      await sleep(2)
    }
  }

  it('wait as long as the server asks, whatever else is recorded', async () => {
    server.on(events, problem(429, 'rate_limited', { retry_after: 1 }), receiptsOf)
    const began = performance.now()
    await recordUntil(() => sent().length > 1)
    expect(performance.now() - began).toBeGreaterThan(995)
    await eventually(() => expect(client.queuedEvents).toBe(0))
  })

  it('wait as long as their pauses say, whatever else is recorded', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    client = create({ backoff: { firstMs: 300, mostMs: 300 } })
    server.on(events, problem(500, 'internal'), receiptsOf)
    const began = performance.now()
    await recordUntil(() => sent().length > 1)
    expect(performance.now() - began).toBeGreaterThan(295)
  })

  it('are sent at once by `connect`', async () => {
    server.on(events, problem(429, 'rate_limited', { retry_after: 3_600 }), receiptsOf)
    await client.record({ event_id: 'a' })
    await eventually(() => expect(sent()).toEqual([['a']]))
    await client.record({ event_id: 'b' })
    // The client may not have read the answer yet, and would wait from then on.
    await eventually(() => {
      client.connect()
      expect(sent()).toEqual([['a'], ['a', 'b']])
    })
  })

  it('wait while every new token is refused, whatever else is recorded', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    client = create({ backoff: { firstMs: 5_000, mostMs: 5_000 } })
    server.on(events, problem(401, 'token_invalid'))
    const began = performance.now()
    await recordUntil(() => performance.now() - began > 200)
    expect(tokens()).toEqual(['access-1', 'access-2'])
  })

  it('of somebody who has left hold up nobody', async () => {
    client = create({ maxWaitMs: 30_000 })
    const put: Answer = problem(503, 'unavailable', { retry_after: 1 })
    server.on(events, call => (call.token === 'other-1' ? receiptsOf(call) : put))
    await client.record({ event_id: 'a' })
    await eventually(() => expect(sent()).toEqual([['a']]))
    await client.signInAsGuest()
    await client.record({ event_id: 'b' })
    await eventually(() => expect(tokens()).toEqual(['access-1', 'other-1']))
    await eventually(() => expect(client.queuedEvents).toBe(1))
  })

  it('that could not be kept are not sent', async () => {
    const disk = Promise.withResolvers<void>()
    let saves = 0
    const save = async (): Promise<void> => {
      saves += 1
      if (saves === 2) await disk.promise
    }
    const answered = Promise.withResolvers<void>()
    server.on(events, { ...problem(500, 'internal'), after: answered.promise }, receiptsOf)
    client = create({ storage: { load: async () => [], save } })
    await client.record({ event_id: 'a' })
    await eventually(() => expect(sent()).toEqual([['a']]))
    const recorded = client.record({ event_id: 'b' })
    answered.resolve()
    await eventually(() => expect(sent()).toEqual([['a'], ['a']]))
    disk.reject(new Error('disk full'))
    await expect(recorded).rejects.toThrow('disk full')
    await eventually(() => expect(client.queuedEvents).toBe(0))
    expect(sent()).toEqual([['a'], ['a']])
  })

  it('that are no JSON are refused', async () => {
    server.on(events, receiptsOf)
    await expect(client.record({ event_id: 'a', duration_ms: 5n })).rejects.toThrow('BigInt')
    await client.record({ event_id: 'b' })
    await eventually(() => expect(sent()).toEqual([['b']]))
  })

  it.each([
    ['no', { results: [], head: { epoch: 'e', seq: 1 } }],
    ['nothing like', {}],
  ])('stay until there are receipts, and %s receipts are none', async (_, body) => {
    server.on(events, { body }, receiptsOf)
    await client.record({ event_id: 'a' })
    await eventually(() => expect(client.queuedEvents).toBe(0))
    expect(sent()).toEqual([['a'], ['a']])
    server.on(events, { body })
    await expect(client.submitEvents([{ event_id: 'b' }])).rejects.toMatchObject({ code: 'unavailable' })
  })
})
