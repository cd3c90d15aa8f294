// How often one may knock and how much one may send, over each door; Redis is not there, so the node counts by itself.
import { captureLogs, eventually, startTestBus } from '@cairn/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { doors, plainDoor, type Refused, type TestClient } from './doors.ts'
import { startNode, type TestNode } from './realtime-node.ts'
import { epoch, startStandIns, type Person, type StandIns } from './stand-ins.ts'

describe.each(doors)('limits over $name', door => {
  const logs = captureLogs()
  let nats: Awaited<ReturnType<typeof startTestBus>>
  let others: StandIns
  let person: Person
  const nodes: TestNode[] = []
  const clients: TestClient[] = []

  beforeAll(async () => {
    nats = await startTestBus()
    others = await startStandIns(nats.url, logs.loggerFor('stand-ins'))
  })
  afterAll(async () => {
    await others.stop()
    await nats.stop()
  })
  beforeEach(async () => {
    person = await others.signIn()
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.end()
    for (const node of nodes.splice(0)) await node.stop()
  })
  const startWith = async (environment: Record<string, string>): Promise<TestNode> => {
    const node = await startNode(nats.url, logs.loggerFor('realtime'), environment)
    nodes.push(node)
    await node.ready()
    return node
  }
  const connect = async (node: TestNode, who = person): Promise<TestClient | Refused> => {
    const result = await door.connect(node.url, who.userId, { token: who.token })
    if (!('refused' in result)) clients.push(result)
    return result
  }
  const firstFrame = async (node: TestNode, who?: Person): Promise<TestClient> => {
    const client = (await connect(node, who)) as TestClient
    await eventually(() => expect(client.frames.length).toBeGreaterThan(0))
    return client
  }
  /** As 429 before the upgrade, or as 4029 where a refusal would keep the client away. */
  const expectTooMany = async (result: TestClient | Refused): Promise<void> => {
    const told = await eventually(() => {
      const frame = 'refused' in result ? undefined : result.frames[0]
      if (!('refused' in result) && !result.closed) throw new Error('still open')
      return 'refused' in result ? { ...result.refused } : { type: frame?.type, ...frame?.data }
    })
    expect(told).toMatchObject(
      door === plainDoor ? { status: 429, code: 'rate_limited' } : { type: 'session.closing', code: 4029 },
    )
  }

  it('sends away a user who knocks too often, tells when to come back, and lets others in', async () => {
    const node = await startWith({ REALTIME_HANDSHAKES_PER_USER: '2' })
    for (const _ of [1, 2]) expect((await firstFrame(node)).frames[0]?.type).toBe('session.ready')
    await expectTooMany(await connect(node))
    expect((await firstFrame(node, await others.signIn())).frames[0]?.type).toBe('session.ready')
  })

  it('sends away an address that knocks too often before it looks at a token', async () => {
    const node = await startWith({ REALTIME_HANDSHAKES_PER_ADDRESS: '1' })
    await firstFrame(node)
    const late = await connect(node).catch((error: unknown) => error)
    const seen = late instanceof Error ? late.message : late
    expect([{ refused: expect.objectContaining({ status: 429 }) }, 'xhr poll error', 'websocket error']).toContainEqual(
      seen,
    )
  })

  it('refuses more connections than a node takes', async () => {
    const node = await startWith({ REALTIME_MAX_CONNECTIONS: '1' })
    await firstFrame(node)
    const late = await connect(node, await others.signIn()).catch((error: unknown) => error)
    const seen = late instanceof Error ? late.message : late
    expect([{ refused: expect.objectContaining({ status: 503 }) }, 'xhr poll error', 'websocket error']).toContainEqual(
      seen,
    )
  })

  it('refuses a handshake when as many as it takes wait for a head, and lets in again once they do not', async () => {
    const node = await startWith({ REALTIME_MAX_HANDSHAKES_WAITING: '2' })
    const { promise, resolve: giveHeads } = Promise.withResolvers<void>()
    others.progress.headAfter = promise
    const asked = others.progress.headsAsked.length
    const waiting = [await others.signIn(), await others.signIn()].map(who => connect(node, who))
    await eventually(() => expect(others.progress.headsAsked.length).toBe(asked + 2))
    try {
      const { code, status = 503 } = ((await connect(node)) as Refused).refused
      expect([code, status]).toEqual(['unavailable', 503])
      expect(others.progress.headsAsked.length).toBe(asked + 2)
    } finally {
      giveHeads()
      others.progress.headAfter = undefined
    }
    for (const client of await Promise.all(waiting)) expect(client).not.toHaveProperty('refused')
    expect((await firstFrame(node)).frames[0]?.type).toBe('session.ready')
  })

  it.each([
    ['resume', { epoch, seq: 0 }],
    ['ping', {}],
  ])('closes 4029 for a client that sends more frames than anybody needs: %s', async (type, data) => {
    const node = await startWith({ REALTIME_FRAMES_PER_MINUTE: '3' })
    const client = await firstFrame(node)
    for (const _ of [1, 2, 3, 4]) client.send(type, data)
    await eventually(() => expect(client.closed).toBe(true))
    expect(client.frames.at(-1)).toMatchObject({
      type: 'session.closing',
      data: { code: 4029, retry_after_ms: expect.any(Number) as number },
    })
  })
})
