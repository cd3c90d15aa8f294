// Recorded events against a server that fails: each gets its receipt, none is lost, none goes to another user.
import { eventually } from '@cairn/testkit'
import type { Receipt, Session } from '@cairn/contracts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createCairnClient,
  type CairnClient,
  type CairnClientOptions,
  type EventStorage,
  type QueuedEvent,
} from '../src/index.ts'
import {
  idsOf,
  problem,
  receiptsOf,
  sessionOf,
  startServer,
  type Answer,
  type Call,
  type TestServer,
} from './server.ts'

const event = (name: string): object => ({ event_id: name })

const inMemory = (): EventStorage & { kept: readonly QueuedEvent[]; writes: number } => {
  const storage = {
    kept: [] as readonly QueuedEvent[],
    writes: 0,
    load: async () => storage.kept,
    save: async (queued: readonly QueuedEvent[]) => {
      storage.writes += 1
      storage.kept = structuredClone(queued)
    },
  }
  return storage
}

describe('recorded events', () => {
  let server: TestServer
  let client: CairnClient
  let seen: [unknown, Receipt['status'], Receipt['code']][]
  const clients: CairnClient[] = []

  const create = (more: Partial<CairnClientOptions> = {}): CairnClient => {
    const created = createCairnClient({
      gatewayUrl: server.url,
      realtimeUrl: server.url,
      backoff: { firstMs: 5, mostMs: 20 },
      onReceipts: got => seen.push(...got.map(one => [one.event_id, one.status, one.code] as (typeof seen)[number])),
      ...more,
    })
    clients.push(created)
    return created
  }
  beforeEach(async () => {
    server = await startServer()
    seen = []
    server.on('POST /auth/guest', { body: sessionOf(1) })
    client = create()
  })
  afterEach(async () => {
    for (const one of clients.splice(0)) one.disconnect()
    await server.stop()
  })
  const submitted = (): unknown[][] =>
    server.calls.filter(({ route }) => route === 'POST /progress/events').map(call => idsOf(call))

  it('are sent in their order, and sent again until there are receipts', async () => {
    await client.signInAsGuest()
    server.on('POST /progress/events', problem(500, 'internal'), { hangUp: true }, receiptsOf)
    await Promise.all(['a', 'b', 'c'].map(name => client.record(event(name))))
    expect(client.queuedEvents).toBe(3)
    await eventually(() => expect(seen.map(([id]) => id)).toEqual(['a', 'b', 'c']))
    expect(submitted().at(-1)).toEqual(['a', 'b', 'c'])
    expect(client.queuedEvents).toBe(0)
  })

  it('outlive the app', async () => {
    const storage = inMemory()
    server.on('POST /progress/events', problem(503, 'unavailable', { retry_after: 3_600 }))
    const earlier = create({ storage, session: sessionOf(1) })
    await earlier.record(event('a'))
    earlier.disconnect()
    server.on('POST /progress/events', receiptsOf)
    const later = create({ storage, session: sessionOf(1) })
    await later.record(event('b'))
    await eventually(() => expect(seen.map(([id]) => id)).toEqual(['a', 'b']))
    await eventually(() => expect(storage.kept).toEqual([]))
  })

  it('share writes to the storage', async () => {
    const storage = inMemory()
    server.on('POST /progress/events', problem(503, 'unavailable', { retry_after: 3_600 }))
    const keeping = create({ storage, session: sessionOf(1) })
    await Promise.all(Array.from({ length: 100 }, (_, index) => keeping.record(event(`e${index}`))))
    expect(storage.kept).toHaveLength(100)
    expect(storage.writes).toBeLessThan(5)
  })

  it('go in batches of 500, and smaller ones when those are refused', async () => {
    server.on('POST /progress/events', call => {
      const ids = idsOf(call)
      if (ids.length > 100) return problem(413, 'payload_too_large')
      return ids.includes('e7') ? problem(400, 'invalid_request') : receiptsOf(call)
    })
    const names = Array.from({ length: 700 }, (_, index) => `e${index}`)
    const big = create({ session: sessionOf(1) })
    await Promise.all(names.map(name => big.record(event(name))))
    await eventually(() => expect(seen).toHaveLength(700))
    expect(seen.map(([id]) => id)).toEqual(names)
    expect(seen.filter(([, status]) => status === 'rejected')).toEqual([['e7', 'rejected', 'invalid_event']])
    expect(Math.max(...submitted().map(({ length }) => length))).toBe(500)
  })

  it('are refused when there are too many, or nobody is signed in, or they cannot be kept', async () => {
    await expect(client.record(event('a'))).rejects.toThrow('Nobody is signed in')
    server.on('POST /progress/events', problem(503, 'unavailable', { retry_after: 3_600 }))
    const full = create({ session: sessionOf(1), maxQueuedEvents: 1 })
    await full.record(event('a'))
    await expect(full.record(event('b'))).rejects.toThrow('full')
    const broken: EventStorage = { load: async () => [], save: () => Promise.reject(new Error('disk full')) }
    const forgetful = create({ session: sessionOf(1), storage: broken })
    await expect(forgetful.record(event('c'))).rejects.toThrow('disk full')
    expect([full.queuedEvents, forgetful.queuedEvents]).toEqual([1, 0])
  })

  it('are of the user who was signed in then, and of nobody else', async () => {
    server.on('POST /progress/events', problem(401, 'token_invalid'))
    server.on('POST /auth/refresh', problem(401, 'token_invalid'))
    const storage = inMemory()
    const first = create({ session: sessionOf(1), storage })
    await first.record(event('a'))
    await eventually(() => expect(submitted()).toEqual([['a']]))
    first.disconnect()
    server.on('POST /progress/events', receiptsOf)
    const other: Session = { ...sessionOf(1), user: { ...sessionOf(1).user, id: 'somebody-else' } }
    server.on('POST /auth/guest', { body: other }, { body: sessionOf(2) })
    const next = create({ storage })
    await next.signInAsGuest()
    await next.record(event('b'))
    await eventually(() => expect(seen.map(([id]) => id)).toEqual(['b']))
    expect(next.queuedEvents).toBe(1)
    await next.signInAsGuest()
    await eventually(() => expect(seen.map(([id]) => id)).toEqual(['b', 'a']))
    expect(submitted()).toEqual([['a'], ['b'], ['a']])
  })

  it('are sent again while new tokens are refused, too', async () => {
    let refused = 0
    server.on('POST /auth/refresh', { body: sessionOf(2) })
    server.on('POST /progress/events', call => {
      refused += 1
      return refused <= 4 ? problem(401, 'token_invalid') : receiptsOf(call)
    })
    await create({ session: sessionOf(1) }).record(event('a'))
    await eventually(() => expect(seen).toEqual([['a', 'applied', undefined]]))
  })

  describe('after `disconnect`', () => {
    const holdBack = (first: (call: Call) => Answer): (() => void) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      let calls = 0
      server.on('POST /progress/events', call => {
        calls += 1
        return calls === 1 ? { ...first(call), after: promise } : receiptsOf(call)
      })
      return resolve
    }
    /** Events of another client that gets `refusal` a few times, so that whoever else waited as long has sent again. */
    const outwait = async (refusal: Answer, times: number): Promise<void> => {
      let refused = 0
      server.on('POST /progress/events', call => {
        if (!idsOf(call).includes('other')) return receiptsOf(call)
        refused += 1
        return refused <= times ? refusal : receiptsOf(call)
      })
      const other = create({ session: sessionOf(1) })
      await other.record(event('other'))
      await eventually(() => expect(other.queuedEvents).toBe(0), 15_000)
    }
    const ofFirst = (): unknown[][] => submitted().filter(ids => !ids.includes('other'))

    it.each([
      ['fails', problem(500, 'internal'), 5],
      ['is put off', problem(503, 'unavailable', { retry_after: 0 }), 3],
      ['finds its token expired', problem(401, 'token_expired'), 1],
    ])('a batch under way that %s is not sent again until `connect`', async (_, refusal, times) => {
      const release = holdBack(() => refusal)
      server.on('POST /auth/refresh', { body: sessionOf(2) })
      const first = create({ session: sessionOf(1) })
      await first.record(event('a'))
      await eventually(() => expect(submitted()).toEqual([['a']]))
      first.disconnect()
      release()
      await outwait(refusal, times)
      expect([ofFirst(), first.queuedEvents]).toEqual([[['a']], 1])
      first.connect()
      await eventually(() => expect(first.queuedEvents).toBe(0))
    })

    it('no other batch is sent until the next event is recorded', async () => {
      const release = holdBack(receiptsOf)
      const first = create({ session: sessionOf(1) })
      await Promise.all(Array.from({ length: 501 }, (_, index) => first.record(event(`e${index}`))))
      await eventually(() => expect(submitted()).toHaveLength(1))
      const sent = submitted().flat().length
      first.disconnect()
      release()
      await eventually(() => expect(first.queuedEvents).toBe(501 - sent))
      await outwait(problem(500, 'internal'), 5)
      expect(ofFirst()).toHaveLength(1)
      await first.record(event('last'))
      await eventually(() => expect(first.queuedEvents).toBe(0))
    })
  })

  it('go in smaller batches when something in between refuses those', async () => {
    server.on('POST /progress/events', call =>
      idsOf(call).length > 1 ? { status: 413, html: '<h1>Too large</h1>' } : receiptsOf(call),
    )
    const behind = create({ session: sessionOf(1) })
    await Promise.all(['a', 'b', 'c', 'd'].map(name => behind.record(event(name))))
    await eventually(() => expect(seen.map(([id]) => id)).toEqual(['a', 'b', 'c', 'd']))
    expect(submitted().at(-1)).toEqual(['d'])
  })

  it('are not given up, nor is the session, for what something in between says', async () => {
    const answers: Answer[] = [400, 401, 403, 404].map(status => ({ status, html: '<h1>No</h1>' }))
    server.on('POST /progress/events', ...answers, receiptsOf)
    const behind = create({ session: sessionOf(1) })
    await behind.record(event('a'))
    await eventually(() => expect(seen).toEqual([['a', 'applied', undefined]]), 15_000)
    expect(behind.session).toBeDefined()
  })
})
