// What ends over socket.io says why before it does: to every namespace, and to a client that was slow until then.
import { once } from 'node:events'
import { eventually } from '@cairn/testkit'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startScene, type Scene } from './scene.ts'
import type { Person } from './stand-ins.ts'

const packetsPerMinute = 10
/** More than the kernel's buffers take of one connection, so that some of it waits in the node. */
const floodBytes = 24_000_000

let scene: Scene
const sockets: WebSocket[] = []

beforeAll(async () => {
  scene = await startScene({
    REALTIME_FRAMES_PER_MINUTE: String(packetsPerMinute),
    REALTIME_PACKETS_PER_MINUTE: String(packetsPerMinute),
    REALTIME_CLOSE_TIMEOUT_MS: '10000',
    REALTIME_SLOW_CLIENT_TIMEOUT_MS: '60000',
  })
})
afterAll(() => scene.stop())
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate()
})

/** In the namespaces of all of them. */
const enter = async (people: readonly Person[]): Promise<{ socket: WebSocket; packets: string[] }> => {
  const socket = new WebSocket(`${scene.node.url}/socket.io/?EIO=4&transport=websocket`)
  const packets: string[] = []
  socket.on('message', (packet: Buffer) => packets.push(packet.toString('utf8', 0, 120)))
  sockets.push(socket)
  await once(socket, 'message')
  for (const { userId, token } of people) socket.send(`40/ws/user/${userId},${JSON.stringify({ token })}`)
  await eventually(() => expect(packets.filter(packet => packet.includes('session.ready'))).toHaveLength(people.length))
  return { socket, packets }
}
const closings = (packets: readonly string[]): string[] => packets.filter(packet => packet.includes('session.closing'))

it.each([
  ['stay away, in its only namespace', 0],
  ['leave one of two namespaces', 1],
])('a slow client that has to %s', { timeout: 40_000 }, async (_what, besides) => {
  const person = await scene.others.signIn()
  const { socket, packets } = await enter([
    person,
    ...(await Promise.all(Array.from({ length: besides }, () => scene.others.signIn()))),
  ])
  socket.pause()
  for (let sent = 0; sent < floodBytes;) {
    const page = scene.others.commit(person.userId, 500)
    scene.others.publish(person.userId, page)
    sent += JSON.stringify(page).length
    await scene.others.bus.nats.flush()
  }
  const revoked = (): number => scene.logs.lines.filter(line => line.includes('"code":4503')).length
  const before = revoked()
  scene.others.endSession(person)
  await eventually(() => expect(revoked()).toBe(before + 1))
  socket.resume()
  await eventually(() => expect(packets.at(-1)).toBe(`41/ws/user/${person.userId},`), 20_000)
  expect(closings(packets)).toEqual([expect.stringContaining('"code":4503')])
  await eventually(() => expect(socket.readyState === WebSocket.OPEN).toBe(besides > 0), 2_000)
})

it('every namespace of a connection that carries too many packets', async () => {
  const people = [await scene.others.signIn(), await scene.others.signIn(), await scene.others.signIn()]
  const { socket, packets } = await enter(people)
  for (let sent = 0; sent < packetsPerMinute; sent += 1) socket.send('3')
  await once(socket, 'close')
  const told = people.map(({ userId }) => closings(packets).filter(packet => packet.includes(userId)))
  for (const [only, ...more] of told) {
    expect(only).toMatch(/"code":4029,"retry_after_ms":\d+/)
    expect(more).toEqual([])
  }
})
