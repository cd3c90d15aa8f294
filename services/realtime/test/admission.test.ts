// Handshakes that wait for Redis: what ends meanwhile does not get in, and no more get in than there is room for.
import { once } from 'node:events'
import { captureLogs, eventually, sharedRedis, startLink, startTestBus, type Link } from '@cairn/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { plainDoor, type TestClient } from './doors.ts'
import { startNode, type TestNode } from './realtime-node.ts'
import { startStandIns, type Person, type StandIns } from './stand-ins.ts'

const most = 5
const engine = '/socket.io/?EIO=4&transport=websocket'

describe('while Redis takes its time', () => {
  const logs = captureLogs()
  let nats: Awaited<ReturnType<typeof startTestBus>>
  let others: StandIns
  let redis: Link
  let node: TestNode
  const sockets: WebSocket[] = []

  beforeAll(async () => {
    nats = await startTestBus()
    others = await startStandIns(nats.url, logs.loggerFor('stand-ins'))
  })
  afterAll(async () => {
    await others.stop()
    await nats.stop()
  })
  beforeEach(async () => {
    const { REDIS_URL, REDIS_KEY_PREFIX } = sharedRedis()
    redis = await startLink(REDIS_URL)
    node = await startNode(nats.url, logs.loggerFor('realtime'), {
      REDIS_URL: redis.url,
      REDIS_KEY_PREFIX,
      REDIS_TIMEOUT_MS: '10000',
      REALTIME_MAX_CONNECTIONS: String(most),
    })
    await eventually(async () => {
      const { dependencies } = (await (await fetch(`${node.url}/readyz`)).json()) as {
        dependencies: { redis: boolean }
      }
      if (!dependencies.redis) throw new Error('without Redis')
    })
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.terminate()
    redis.restore()
    await node.stop()
    await redis.stop()
  })
  const openEngine = async (): Promise<{ socket: WebSocket; packets: string[] }> => {
    const socket = new WebSocket(`${node.url}${engine}`)
    const packets: string[] = []
    socket.on('message', (packet: Buffer) => packets.push(packet.toString()))
    sockets.push(socket)
    await once(socket, 'message')
    return { socket, packets }
  }
  const joining = ({ userId, token }: Person): string => `40/ws/user/${userId},${JSON.stringify({ token })}`

  it('refuses a session that ends meanwhile', async () => {
    const person = await others.signIn()
    const [first, second] = [await openEngine(), await openEngine()]
    const live = (await plainDoor.connect(node.url, person.userId, { token: person.token })) as TestClient
    redis.drop()
    first.socket.send(joining(person))
    // Verified after the first one's token, and refused before anybody is counted.
    second.socket.send(joining({ ...person, token: `${person.token.slice(0, -4)}AAAA` }))
    await eventually(() => expect(second.packets.join()).toContain('token_invalid'))
    others.endSession(person)
    await eventually(() => expect(live.closed).toBe(true))
    expect(first.packets).toHaveLength(1)
    redis.restore()
    await eventually(() => expect(first.packets).toHaveLength(2))
    expect(first.packets[1]).toContain('"code":"token_invalid"')
  })

  const outcomes = async (targets: string[]): Promise<unknown[]> => {
    redis.drop()
    const all = targets.map(target => {
      const socket = new WebSocket(`${node.url}${target}`)
      sockets.push(socket)
      // Of one that is terminated before it was open.
      socket.on('error', () => undefined)
      return new Promise(resolve => {
        socket.on('open', () => resolve('open'))
        socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode))
      })
    })
    await fetch(`${node.url}/healthz`)
    redis.restore()
    return Promise.all(all)
  }
  const expectNoMoreThanFit = (seen: unknown[]): void => {
    expect(seen.filter(outcome => outcome === 'open')).toHaveLength(most)
    expect(seen.filter(outcome => outcome === 503)).toHaveLength(seen.length - most)
  }

  it('lets in as many as fit over plain WebSocket, however many come at once', async () => {
    const people = await Promise.all(Array.from({ length: 4 * most }, () => others.signIn()))
    expectNoMoreThanFit(await outcomes(people.map(({ userId, token }) => `/ws/user/${userId}?token=${token}`)))
  })

  it('lets in as many as fit over socket.io, however many come at once', async () => {
    expectNoMoreThanFit(await outcomes(Array.from({ length: 4 * most }, () => engine)))
    for (const socket of sockets.splice(0)) socket.terminate()
    // Every place is given back: those of the connections, and those of the refused.
    for (let again = 0; again < most; again += 1) {
      await eventually(async () => expect(await outcomes([engine])).toEqual(['open']))
    }
  })
})
