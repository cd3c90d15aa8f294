// Namespaces that come and go on one socket.io connection, packet by packet, as no client library would send them.
import { once } from 'node:events'
import { eventually } from '@cairn/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { openEngine, type EngineClient } from './engine-socket.ts'
import { startScene, type Scene } from './scene.ts'
import type { Person } from './stand-ins.ts'

const namespaceTimeoutMs = 1_000

let scene: Scene
let person: Person
const sockets: WebSocket[] = []

beforeAll(async () => {
  scene = await startScene({ REALTIME_NAMESPACE_TIMEOUT_MS: String(namespaceTimeoutMs) })
})
afterAll(() => scene.stop())
beforeEach(async () => {
  person = await scene.others.signIn()
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate()
})

const open = async (): Promise<EngineClient> => {
  const client = await openEngine(scene.node.url)
  sockets.push(client.socket)
  return client
}
const joining = ({ userId, token }: Person): string => `40/ws/user/${userId},${JSON.stringify({ token })}`
const count = (packets: string[], text: string): number => packets.filter(packet => packet.includes(text)).length

/** As long as a connection may be without a namespace, and longer: another one has just been closed for it. */
const untilAnotherIsClosed = async (): Promise<void> => {
  const leaver = await scene.others.signIn()
  const { socket, packets } = await open()
  socket.send(joining(leaver))
  await eventually(() => expect(count(packets, 'session.ready')).toBe(1))
  socket.send(`41/ws/user/${leaver.userId},`)
  await once(socket, 'close')
}
const expectServed = async ({ userId }: Person, packets: string[]): Promise<void> => {
  scene.others.publish(userId, scene.others.commit(userId, 1))
  await eventually(() => expect(count(packets, '"to_seq":1')).toBe(1))
}

it('closes a connection whose last namespace was left', async () => {
  const other = await scene.others.signIn()
  const { socket, packets } = await open()
  for (const who of [person, other]) socket.send(joining(who))
  await eventually(() => expect(count(packets, 'session.ready')).toBe(2))
  socket.send(`41/ws/user/${person.userId},`)
  await untilAnotherIsClosed()
  await expectServed(other, packets)
  socket.send(`41/ws/user/${other.userId},`)
  await once(socket, 'close')
})

it('keeps a connection whose last namespace was left for another', async () => {
  const { socket, packets } = await open()
  socket.send(joining(person))
  await eventually(() => expect(count(packets, 'session.ready')).toBe(1))
  socket.send(`41/ws/user/${person.userId},`)
  const other = await scene.others.signIn()
  socket.send(joining(other))
  await eventually(() => expect(count(packets, 'session.ready')).toBe(2))
  await untilAnotherIsClosed()
  await expectServed(other, packets)
})

it('lets a namespace be joined once, however often it is asked for at the same time', async () => {
  const { socket, packets } = await open()
  for (const _ of [1, 2, 3]) socket.send(joining(person))
  await eventually(() => expect(count(packets, 'session.ready')).toBeGreaterThan(0))
  for (const to of [1, 2]) {
    scene.others.publish(person.userId, scene.others.commit(person.userId, 1))
    await eventually(() => expect(count(packets, `"to_seq":${to}`)).toBeGreaterThan(0))
  }
  expect([count(packets, 'session.ready'), count(packets, 'progress.changed')]).toEqual([1, 2])
})
