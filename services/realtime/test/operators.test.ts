// What an operator orders reaches every client on every node, through either door, over Redis; and whatever Redis does, it is only
// such orders that it can keep from arriving.
import { randomBytes } from 'node:crypto'
import { captureLogs, eventually, startTestBus, startTestRedis } from '@cairn/testkit'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { giveOrder, type OrderOutcome } from '../src/operators/give-order.ts'
import { plainDoor, socketIoDoor, type Door, type TestClient } from './doors.ts'
import { startNode, type TestNode } from './realtime-node.ts'
import { startStandIns, type Person, type StandIns } from './stand-ins.ts'

const logs = captureLogs()
const bothDoors = [plainDoor, socketIoDoor]
const redisKeyPrefix = `test-${randomBytes(4).toString('hex')}`
const text = 'Grüße: back in 5 minutes'

interface Health {
  readonly ready: boolean
  readonly dependencies: { readonly redis: boolean }
}

let nats: Awaited<ReturnType<typeof startTestBus>>
let redis: Awaited<ReturnType<typeof startTestRedis>>
let others: StandIns
let nodes: TestNode[]
const clients: TestClient[] = []

const health = async ({ url }: TestNode): Promise<Health> => (await (await fetch(`${url}/readyz`)).json()) as Health
const expectRedis = (known: boolean): Promise<void> =>
  eventually(async () => {
    const seen = await Promise.all(nodes.map(health))
    expect(seen.map(({ ready, dependencies }) => [ready, dependencies.redis])).toEqual([
      [true, known],
      [true, known],
    ])
  }, 15_000)

const startNodes = (redisUrl: string): Promise<TestNode[]> =>
  Promise.all(
    ['realtime-1', 'realtime-2'].map(async name => {
      const node = await startNode(nats.url, logs.loggerFor(name), {
        REDIS_URL: redisUrl,
        REDIS_KEY_PREFIX: redisKeyPrefix,
        REDIS_RETRY_MS: '50',
        REDIS_TIMEOUT_MS: '1000',
        REALTIME_ORDER_CHECK_MS: '100',
      })
      await node.ready()
      return node
    }),
  )

beforeAll(async () => {
  nats = await startTestBus()
  others = await startStandIns(nats.url, logs.loggerFor('stand-ins'))
  redis = await startTestRedis()
  nodes = await startNodes(redis.url)
})
afterAll(async () => {
  for (const node of nodes) await node.stop()
  await redis.stop()
  await others.stop()
  await nats.stop()
})
beforeEach(() => expectRedis(true))
afterEach(() => {
  for (const client of clients.splice(0)) client.end()
})

const connect = async (door: Door, node: TestNode, { userId, token }: Person): Promise<TestClient> => {
  const client = await door.connect(node.url, userId, { token })
  if ('refused' in client) throw new Error(`refused: ${client.refused.code}`)
  clients.push(client)
  await eventually(() => expect(client.frames[0]?.type).toBe('session.ready'))
  return client
}
/** One client of the person through each door on each node. */
const connectEverywhere = (person: Person): Promise<TestClient[]> =>
  Promise.all(nodes.flatMap(node => bothDoors.map(door => connect(door, node, person))))

const order = (what: Parameters<typeof giveOrder>[1]): Promise<OrderOutcome> =>
  giveOrder(
    {
      redisUrl: redis.url,
      redisKeyPrefix,
      redisRetryMs: 50,
      redisTimeoutMs: 1_000,
      logger: logs.loggerFor('operator'),
    },
    what,
  )
const ofType = (client: TestClient, type: string): Record<string, unknown>[] =>
  client.frames.filter(frame => frame.type === type).map(({ data }) => data)
const connectionsIn = ({ answers }: OrderOutcome): number =>
  answers.reduce((sum, answer) => sum + ('connections' in answer ? answer.connections : Number.NaN), 0)

const expectEventArrives = async (person: Person, followers: readonly TestClient[]): Promise<void> => {
  const page = others.commit(person.userId, 1)
  others.publish(person.userId, page)
  for (const client of followers) {
    await eventually(() => expect(ofType(client, 'progress.changed').at(-1)).toMatchObject({ to_seq: page.to_seq }))
  }
}

describe('a notice', () => {
  it('reaches everybody once, whatever the node and the door, and nothing else changes', async () => {
    const [first, second] = [await others.signIn(), await others.signIn()]
    const all = [...(await connectEverywhere(first)), ...(await connectEverywhere(second))]
    const outcome = await order({ kind: 'notice', text })
    expect(outcome.unanswered).toBe(false)
    expect(outcome.answers).toHaveLength(2)
    expect(connectionsIn(outcome)).toBe(8)
    for (const client of all) await eventually(() => expect(ofType(client, 'notice.posted')).toHaveLength(1))
    const seen = all.flatMap(client => ofType(client, 'notice.posted'))
    expect(new Set(seen.map(({ notice_id }) => notice_id)).size).toBe(1)
    expect(seen.every(notice => notice['text'] === text && typeof notice['posted_at'] === 'string')).toBe(true)
    await expectEventArrives(first, all.slice(0, 4))
    expect(all.every(({ closed }) => !closed)).toBe(true)
  })

  it('is not kept for who comes later', async () => {
    await order({ kind: 'notice', text })
    const person = await others.signIn()
    const late = await connectEverywhere(person)
    await expectEventArrives(person, late)
    expect(late.flatMap(client => ofType(client, 'notice.posted'))).toEqual([])
  })

  it('may be given by two operators at once', async () => {
    const all = await connectEverywhere(await others.signIn())
    const outcomes = await Promise.all([1, 2].map(() => order({ kind: 'notice', text })))
    expect(outcomes.map(({ unanswered, answers }) => [unanswered, answers.length])).toEqual([
      [false, 2],
      [false, 2],
    ])
    const posted = outcomes.flatMap(({ answers }) => answers).filter(answer => 'connections' in answer)
    for (const client of all) {
      await eventually(() => expect(ofType(client, 'notice.posted').length).toBeGreaterThan(0))
    }
    expect(posted.length).toBeGreaterThanOrEqual(2)
  })
})

describe("an operator's disconnect", () => {
  it('ends every connection of that user, on every node, and of nobody else; and they may come back', async () => {
    const [person, stranger] = [await others.signIn(), await others.signIn()]
    const ended = await connectEverywhere(person)
    const lives = await connectEverywhere(stranger)
    const outcome = await order({ kind: 'disconnect', userId: person.userId })
    expect(connectionsIn(outcome)).toBe(4)
    for (const client of ended) {
      await eventually(() => expect(client.closed).toBe(true))
      expect(ofType(client, 'session.closing')).toMatchObject([{ code: 4001, retry_after_ms: expect.any(Number) }])
    }
    await expectEventArrives(stranger, lives)
    expect(lives.every(({ closed }) => !closed)).toBe(true)
    await expectEventArrives(person, await connectEverywhere(person))
  })

  it('of a user who is not there ends nothing, and says so', async () => {
    const outcome = await order({ kind: 'disconnect', userId: (await others.signIn()).userId })
    expect(outcome.answers).toEqual([{ connections: 0 }, { connections: 0 }])
  })
})

describe('what is not an order', () => {
  it('changes nothing, whoever put it into Redis', async () => {
    const person = await others.signIn()
    const all = await connectEverywhere(person)
    const stranger = new Redis(redis.url)
    const packet = (...parts: unknown[]): string =>
      JSON.stringify({ uid: 'x', nsp: '/', type: 9, data: { packet: parts, requestId: 'r' } })
    const bad = [
      '',
      '{',
      '\u0000',
      '{}',
      '{"nsp":"/","type":9}',
      '{"nsp":"/","type":8}',
      packet(),
      packet('error', 'x'),
      packet('connection', {}),
      packet('notice.post', null),
      packet('notice.post', { notice_id: 'no', text: 1 }),
      packet('notice.post', { text: 'x'.repeat(100_000) }),
      packet('user.disconnect', { user_id: '*' }),
      packet('user.disconnect'),
    ]
    for (const message of bad) expect(await stranger.spublish(`${redisKeyPrefix}:operators#/#`, message)).toBe(2)
    stranger.disconnect()
    const outcome = await order({ kind: 'notice', text })
    expect(connectionsIn(outcome)).toBe(4)
    await expectEventArrives(person, all)
    for (const client of all) expect(ofType(client, 'notice.posted')).toHaveLength(1)
  })
})

describe('without Redis', () => {
  /** Events go on, new clients come in, and a readiness probe never hears of it. */
  const expectOnlyOrdersAreLost = async (): Promise<void> => {
    const person = await others.signIn()
    const all = await connectEverywhere(person)
    await expectEventArrives(person, all)
    await expectRedis(false)
    await expect(order({ kind: 'notice', text })).rejects.toThrow('Redis')
    for (let event = 0; event < 20; event += 1) await expectEventArrives(person, all)
    await expectEventArrives(person, await connectEverywhere(person))
    expect(all.every(({ closed }) => !closed)).toBe(true)
  }
  const expectOrdersArriveAgain = async (): Promise<void> => {
    await expectRedis(true)
    const all = await connectEverywhere(await others.signIn())
    expect(connectionsIn(await order({ kind: 'notice', text }))).toBeGreaterThanOrEqual(4)
    for (const client of all) await eventually(() => expect(ofType(client, 'notice.posted')).toHaveLength(1))
  }

  it('hung: the same for users, and orders arrive again by themselves', { timeout: 60_000 }, async () => {
    const pid = redis.server?.pid ?? 0
    process.kill(pid, 'SIGSTOP')
    try {
      await expectOnlyOrdersAreLost()
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await expectOrdersArriveAgain()
  })

  it('killed and started again: the same', { timeout: 60_000 }, async () => {
    process.kill(redis.server?.pid ?? 0, 'SIGKILL')
    await redis.server?.exited
    await expectOnlyOrdersAreLost()
    await redis.server?.restart()
    await expectOrdersArriveAgain()
  })

  it('not there yet: a node starts and is ready, and orders arrive once it is', { timeout: 60_000 }, async () => {
    process.kill(redis.server?.pid ?? 0, 'SIGKILL')
    await redis.server?.exited
    const before = nodes
    nodes = await startNodes(redis.url)
    await Promise.all(before.map(node => node.stop()))
    await expectOnlyOrdersAreLost()
    await redis.server?.restart()
    await expectOrdersArriveAgain()
  })
})
