// What is true of a node as a whole: its HTTP answers, its drain, the bus going away, connections shared by namespaces.
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { eventually, startLink } from '@cairn/testkit'
import { io } from 'socket.io-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { connected, doors, followSocket, plainDoor, socketIoDoor, type Door, type TestClient } from './doors.ts'
import { startNode, type TestNode } from './realtime-node.ts'
import { startScene, type Scene } from './scene.ts'
import { epoch, type Person } from './stand-ins.ts'

describe('a realtime node', () => {
  let scene: Scene
  let person: Person
  const clients: { end(): void }[] = []
  const nodes: TestNode[] = []

  const startAnother = async (environment: Record<string, string>): Promise<TestNode> => {
    const another = await startNode(scene.nats.url, scene.logs.loggerFor('realtime'), environment)
    nodes.push(another)
    await another.ready()
    return another
  }
  beforeAll(async () => {
    scene = await startScene()
  })
  afterAll(() => scene.stop())
  beforeEach(async () => {
    person = await scene.others.signIn()
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.end()
    for (const another of nodes.splice(0)) await another.stop()
  })

  const connect = async (door: Door, at: TestNode, who: Person): Promise<TestClient> => {
    const client = await door.connect(at.url, who.userId, { token: who.token, signal: 'reconnects' })
    if ('refused' in client) throw new Error(`refused: ${client.refused.code}`)
    clients.push(client)
    await eventually(() => expect(client.frames.length).toBeGreaterThan(0))
    return client
  }
  const pushed = (client: TestClient): unknown[] =>
    client.frames.filter(({ type }) => type === 'progress.changed').map(({ data }) => data['to_seq'])

  /** Sends bytes as they are and gives back all that is answered. */
  const raw = async (bytes: string): Promise<string> => {
    const socket = connectTcp({ port: scene.node.port, host: '127.0.0.1' })
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.on('error', () => undefined)
    socket.write(bytes)
    await once(socket, 'close')
    return answer
  }
  const upgrade = (target: string, rest = 'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==') =>
    raw(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n${rest}\r\n\r\n`)

  describe('over HTTP', () => {
    it.each([
      ['/healthz', 200],
      ['/readyz?x', 200],
      ['/', 404],
      ['/ws/user/x', 404],
      ['/socket.io/?EIO=3&transport=polling', 400],
      ['/socket.io/?EIO=4&transport=polling&sid=x', 400],
    ])('answers %s with %i and ids', async (path, status) => {
      const response = await fetch(`${scene.node.url}${path}`)
      const body = (await response.json()) as { request_id: string }
      expect(response.status).toBe(status)
      expect(body.request_id).toBe(response.headers.get('x-request-id'))
      const type = status >= 400 ? 'application/problem+json' : 'application/json'
      expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
    })

    it.each([
      ['an upgrade elsewhere', () => upgrade('/ws/other'), 404],
      ['a trailing slash', () => upgrade('/ws/user/x/'), 404],
      ['an upgrade that is no WebSocket', () => upgrade('/ws/user/x', 'sec-websocket-version: 8'), 400],
      ['an old engine.io', () => upgrade('/socket.io/?EIO=3&transport=websocket'), 400],
      ['no host', () => raw('GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n'), 400],
      [
        'an unknown expectation',
        () => raw('GET /x HTTP/1.1\r\nhost: x\r\nexpect: tea\r\nconnection: close\r\n\r\n'),
        404,
      ],
      ['a foreign session id', () => upgrade('/socket.io/?EIO=4&transport=websocket&sid=x'), 400],
      ['what is no HTTP', () => raw('NONSENSE\r\n\r\n'), 400],
      ['a head without end', () => raw(`GET /ws/user/x?token=${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`), 431],
    ])('refuses %s with a problem', async (_what, ask, status) => {
      const answer = await ask()
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
      const [head = '', body = ''] = answer.split('\r\n\r\n')
      const { request_id } = JSON.parse(body) as { request_id: string }
      expect(head).toContain(`x-request-id: ${request_id}`)
    })

    it('has the request id on upgrades of both doors', async () => {
      const ids = await Promise.all(
        [`/ws/user/${person.userId}?token=${person.token}`, '/socket.io/?EIO=4&transport=websocket'].map(async path => {
          const webSocket = new WebSocket(`${scene.node.url}${path}`)
          const [response] = (await once(webSocket, 'upgrade')) as [{ headers: Record<string, string> }]
          webSocket.terminate()
          return response.headers['x-request-id']
        }),
      )
      for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/)
    })
  })

  describe('over socket.io', () => {
    it("refuses a second namespace that rides on the first one's connection and token", async () => {
      const other = await scene.others.signIn()
      const first = io(`${scene.node.url}/ws/user/${person.userId}?token=${person.token}`, {
        transports: ['websocket'],
        forceNew: true,
      })
      clients.push({ end: () => first.io.engine.close() })
      const seen = followSocket(first)
      expect(await connected(first, seen)).toBe(seen)
      const second = first.io.socket(`/ws/user/${other.userId}`)
      const [error] = await new Promise<[Error & { data?: unknown }]>(resolve => {
        second.on('connect_error', refused => resolve([refused]))
        second.connect()
      })
      expect(error.data).toMatchObject({ code: 'forbidden' })
      scene.others.publish(other.userId, scene.others.commit(other.userId, 1))
      scene.others.publish(person.userId, scene.others.commit(person.userId, 1))
      await eventually(() => expect(pushed(seen)).toEqual([1]))
    })

    it('lets two users share a connection when each brings a token, and ends them one by one', async () => {
      const other = await scene.others.signIn()
      const first = io(`${scene.node.url}/ws/user/${person.userId}?token=${person.token}`, {
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
      })
      clients.push({ end: () => first.io.engine.close() })
      const second = first.io.socket(`/ws/user/${other.userId}`, { auth: { token: other.token } })
      const seen = [followSocket(first), followSocket(second)] as const
      second.connect()
      expect(await Promise.all([connected(first, seen[0]), connected(second, seen[1])])).toEqual(seen)
      scene.others.endSession(other)
      await eventually(() => expect(seen[1].closed).toBe(true))
      scene.others.publish(person.userId, scene.others.commit(person.userId, 1))
      await eventually(() => expect(pushed(seen[0])).toEqual([1]))
      scene.others.endSession(person)
      await eventually(() => expect(seen[0].closed).toBe(true))
    })

    it.each(['/', '/admin', '/ws/user/'])('refuses the namespace %s', async namespace => {
      const socket = io(`${scene.node.url}${namespace}`, {
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
      })
      clients.push({ end: () => socket.disconnect() })
      expect(await connected(socket, followSocket(socket))).toMatchObject({ refused: { code: 'not_found' } })
    })

    it('closes a connection that joins no namespace', async () => {
      const strict = await startAnother({ REALTIME_NAMESPACE_TIMEOUT_MS: '200' })
      const webSocket = new WebSocket(`${strict.url}/socket.io/?EIO=4&transport=websocket`)
      await once(webSocket, 'close')
      expect(webSocket.readyState).toBe(WebSocket.CLOSED)
    })
  })

  describe('whose token ends', () => {
    it.each(doors)('closes 4401 over $name', async door => {
      const short = await startAnother({ REALTIME_TOKEN_GRACE_S: '0' })
      const exp = Math.floor(Date.now() / 1_000) + 2
      const client = await connect(door, short, { ...person, token: await scene.others.tokenFor(person, { exp }) })
      await eventually(() => {
        expect(client.frames.map(({ type }) => type)).toEqual(['session.ready', 'token.expiring', 'session.closing'])
      })
      expect(client.frames.at(-1)?.data['code']).toBe(4401)
    })

    it('does not ask for another one before half of a short life is over', async () => {
      const exp = Math.floor(Date.now() / 1_000) + 4
      const token = await scene.others.tokenFor(person, { exp })
      const client = await connect(plainDoor, scene.node, { ...person, token })
      await eventually(() => expect(client.frames.at(-1)?.type).toBe('token.expiring'))
      expect(client.frames.at(-1)?.data['expires_in']).toBeLessThanOrEqual(2)
    })
  })

  describe('when a key is withdrawn', () => {
    it('closes 4401 what came with its token, at both doors, and nobody else', async () => {
      const gone = [await connect(plainDoor, scene.node, person), await connect(socketIoDoor, scene.node, person)]
      await scene.others.rotateKey()
      const next = { ...person, token: await scene.others.tokenFor(person) }
      // Until the node has read the new key.
      const stays = [
        await eventually(() => connect(plainDoor, scene.node, next)),
        await connect(socketIoDoor, scene.node, next),
      ]
      expect([...gone, ...stays].map(({ closed }) => closed)).toEqual([false, false, false, false])
      scene.others.withdrawKeys()
      await eventually(() => expect(gone.map(({ frames }) => frames.at(-1)?.data['code'])).toEqual([4401, 4401]))
      expect(gone.map(({ frames }) => frames.at(-1)?.data['retry_after_ms'])).toEqual([
        expect.any(Number),
        expect.any(Number),
      ])
      expect(stays.map(({ frames }) => frames.at(-1)?.type)).toEqual(['session.ready', 'session.ready'])
    })
  })

  describe('that stops', () => {
    it('sends its clients to the next one; what was missed is there on return', async () => {
      const first = await startAnother({ REALTIME_PORT: '0' })
      const [plain, viaSocketIo] = [await connect(plainDoor, first, person), await connect(socketIoDoor, first, person)]
      nodes.splice(nodes.indexOf(first), 1)
      await first.stop()
      const closing = { type: 'session.closing', data: { code: 4001, retry_after_ms: expect.any(Number) as number } }
      expect(plain.frames.at(-1)).toMatchObject(closing)
      expect(plain.closeCode).toBe(4001)
      expect(viaSocketIo.frames.at(-1)).toMatchObject(closing)
      scene.others.commit(person.userId, 2)
      await startAnother({ REALTIME_PORT: String(first.port) })
      await eventually(() =>
        expect(viaSocketIo.frames.at(-1)).toMatchObject({ type: 'session.ready', data: { seq: 2 } }),
      )
      viaSocketIo.send('resume', { epoch, seq: 0 })
      await eventually(() => expect(pushed(viaSocketIo)).toEqual([2]))
    })

    it('says that it is not ready and lets nobody in meanwhile', async () => {
      const slow = await startAnother({ DRAIN_WINDOW_MS: '3000' })
      const all = await Promise.all([1, 2, 3].map(() => connect(plainDoor, slow, person)))
      const stopped = slow.stop()
      nodes.splice(nodes.indexOf(slow), 1)
      await eventually(async () => expect((await fetch(`${slow.url}/readyz`)).status).toBe(503))
      const late = await plainDoor.connect(slow.url, person.userId, { token: person.token })
      expect(late).toMatchObject({ refused: { code: 'unavailable', status: 503 } })
      await expect(socketIoDoor.connect(slow.url, person.userId, { token: person.token })).rejects.toThrow(
        'xhr poll error',
      )
      expect(all.some(({ closed }) => !closed)).toBe(true)
      await stopped
      await eventually(() => expect(all.every(({ closed }) => closed)).toBe(true))
    })
  })

  describe('whose client falls silent', () => {
    it('cuts it off, and keeps one that answers', async () => {
      const strict = await startAnother({ REALTIME_PING_INTERVAL_MS: '100', REALTIME_PONG_TIMEOUT_MS: '300' })
      const answering = await connect(plainDoor, strict, person)
      const pings: unknown[] = []
      const address = `${strict.url}/ws/user/${person.userId}?token=${person.token}`
      const silent = new WebSocket(address, { autoPong: false })
      silent.on('ping', ping => pings.push(ping))
      const [code] = (await once(silent, 'close')) as [number]
      expect([code, pings.length]).toEqual([1006, 1])
      expect(answering.closed).toBe(false)
    })
  })

  describe('whose client stops reading', () => {
    it.each(doors)('closes it as too slow over $name, and keeps little for it', async door => {
      const strict = await startAnother({
        REALTIME_OUTBOUND_PAUSE_BYTES: '20000',
        REALTIME_SLOW_CLIENT_TIMEOUT_MS: '300',
        REALTIME_CLOSE_TIMEOUT_MS: '100',
        REALTIME_SOCKETS_PER_USER: '1',
      })
      const path =
        door === plainDoor ? `/ws/user/${person.userId}?token=${person.token}` : '/socket.io/?EIO=4&transport=websocket'
      const webSocket = new WebSocket(`${strict.url}${path}`)
      clients.push({ end: () => webSocket.terminate() })
      if (door !== plainDoor) {
        await once(webSocket, 'message')
        webSocket.send(`40/ws/user/${person.userId},${JSON.stringify({ token: person.token })}`)
      }
      await once(webSocket, 'message')
      webSocket.pause()
      const closedAsTooSlow = (): number => scene.logs.lines.filter(line => line.includes('"code":4008')).length
      const before = closedAsTooSlow()
      await eventually(() => {
        for (let page = 0; page < 20; page += 1)
          scene.others.publish(person.userId, scene.others.commit(person.userId, 200))
        expect(closedAsTooSlow()).toBe(before + 1)
      }, 15_000)
    })
  })

  describe('when the bus goes away and comes back', () => {
    it.each(doors)('gives $name what was committed meanwhile, once and in order', async door => {
      const proxy = await startLink(scene.nats.url)
      const cutOff = await startNode(proxy.url, scene.logs.loggerFor('realtime'))
      nodes.push(cutOff)
      await cutOff.ready()
      const client = await connect(door, cutOff, person)
      proxy.cut()
      await eventually(async () => expect((await fetch(`${cutOff.url}/readyz`)).status).toBe(503))
      for (let lost = 0; lost < 3; lost += 1) scene.others.publish(person.userId, scene.others.commit(person.userId, 1))
      proxy.restore()
      await eventually(() => expect(pushed(client)).toEqual([3]))
      scene.others.publish(person.userId, scene.others.commit(person.userId, 1))
      await eventually(() => expect(pushed(client)).toEqual([3, 4]))
      await cutOff.stop()
      nodes.splice(nodes.indexOf(cutOff), 1)
      await proxy.stop()
    })

    it('closes the sockets of what ended meanwhile, and no others', async () => {
      const proxy = await startLink(scene.nats.url)
      const cutOff = await startNode(proxy.url, scene.logs.loggerFor('realtime'))
      nodes.push(cutOff)
      await cutOff.ready()
      const [loggedOut, signedOut] = [await scene.others.signIn(), await scene.others.signIn()]
      const gone = [await connect(plainDoor, cutOff, loggedOut), await connect(socketIoDoor, cutOff, signedOut)]
      const stays = await connect(plainDoor, cutOff, person)
      proxy.cut()
      await eventually(async () => expect((await fetch(`${cutOff.url}/readyz`)).status).toBe(503))
      scene.others.endSession(loggedOut)
      scene.others.signOut(signedOut)
      await scene.others.bus.nats.flush()
      proxy.restore()
      await eventually(() => expect(gone.map(({ frames }) => frames.at(-1)?.data['code'])).toEqual([4503, 4503]))
      await cutOff.ready()
      expect(stays.closed).toBe(false)
      await cutOff.stop()
      nodes.splice(nodes.indexOf(cutOff), 1)
      await proxy.stop()
    })
  })
})
