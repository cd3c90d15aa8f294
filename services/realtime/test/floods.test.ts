// A client that sends without end and reads nothing is cut off before what it is owed fills the memory, with and without a token.
import { eventually } from '@cairn/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { flood, openRawSocket, pingFrame, textFrame, type RawSocket } from './raw-socket.ts'
import { startScene, type Scene } from './scene.ts'
import type { Person } from './stand-ins.ts'

/** What is answered by as much fills the kernel's buffers of both ends first. */
const answeredBytes = 40_000_000
const countedBytes = 2_000_000
const engine = '/socket.io/?EIO=4&transport=websocket'

const many = (frame: Buffer): Buffer => Buffer.concat(Array.from({ length: 1_000 }, () => frame))

describe('a flood', () => {
  let scene: Scene
  let person: Person
  const sockets: RawSocket[] = []

  beforeAll(async () => {
    scene = await startScene()
    person = await scene.others.signIn()
  })
  afterAll(() => scene.stop())
  afterEach(() => {
    for (const { socket } of sockets.splice(0)) socket.destroy()
  })
  const open = async (target: string): Promise<RawSocket> => {
    const socket = await openRawSocket(scene.node.port, target)
    sockets.push(socket)
    return socket
  }
  const join = async (): Promise<RawSocket> => {
    const socket = await open(engine)
    socket.socket.write(textFrame(`40/ws/user/${person.userId},${JSON.stringify({ token: person.token })}`))
    await socket.until('session.ready')
    return socket
  }
  /** Floods, and goes on a little: an end shows when something is written. */
  const expectCutOff = async (raw: RawSocket, frame: Buffer, mostBytes: number): Promise<void> => {
    await flood(raw, many(frame), mostBytes)
    await eventually(() => {
      raw.socket.write(frame)
      expect(raw.closed()).toBe(true)
    })
  }

  describe('of pings', () => {
    it.each([
      ['plain WebSocket', () => open(`/ws/user/${person.userId}?token=${person.token}`)],
      ['socket.io', () => open(engine)],
    ])('is cut off over %s', async (_door, connect) => {
      await expectCutOff(await connect(), pingFrame('x'.repeat(125)), answeredBytes)
    })
  })

  describe('over socket.io', () => {
    it.each([
      ['of connects to no namespace, without a token', () => open(engine), '40'],
      ['of connects to no namespace, beside a namespace', join, '40'],
      ['of connects to namespaces that cannot be', () => open(engine), `40/${'n'.repeat(1_000)},`],
      ['of connects without a token', () => open(engine), '40/ws/user/somebody,'],
      ['of pongs', () => open(engine), '3'],
      ['of nothing', () => open(engine), '6'],
    ])('%s is cut off', async (_what, connect, packet) => {
      await expectCutOff(await connect(), textFrame(packet), countedBytes)
    })

    it('of frames is told to come back later before it is cut off', async () => {
      const socket = await join()
      socket.socket.write(many(textFrame(`42/ws/user/${person.userId},["resume",{"epoch":"e","seq":0}]`)))
      await socket.until('"code":4029')
      await eventually(() => expect(socket.closed()).toBe(true))
    })

    it('of probes while a connection is upgraded is cut off', async () => {
      const handshake = await fetch(`${scene.node.url}/socket.io/?EIO=4&transport=polling`)
      const { sid } = JSON.parse((await handshake.text()).slice(1)) as { sid: string }
      const socket = await open(`${engine}&sid=${sid}`)
      await expectCutOff(socket, textFrame('2probe'), countedBytes)
    })

    it('of connects in one request of polling is answered once', async () => {
      const address = `${scene.node.url}/socket.io/?EIO=4&transport=polling`
      const { sid } = JSON.parse((await (await fetch(address)).text()).slice(1)) as { sid: string }
      const packets = Array.from({ length: 5_000 }, () => '40').join('\u001e')
      const posted = await fetch(`${address}&sid=${sid}`, { method: 'POST', body: packets })
      await posted.text()
      const polled = await fetch(`${address}&sid=${sid}`)
      expect((await polled.text()).length).toBeLessThan(1_000)
    })
  })
})
