// Users who share one socket.io connection: what ends one of them ends nobody else without a word, and least of all because one
// was refused.
import { once } from 'node:events'
import { eventually } from '@cairn/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { openEngine, type EngineClient } from './engine-socket.ts'
import { startScene, type Scene } from './scene.ts'
import type { Person } from './stand-ins.ts'

let scene: Scene
let stopped: Promise<void> | undefined
const sockets: WebSocket[] = []

/** Once, whether the test does or what follows it. */
const stop = (): Promise<void> => (stopped ??= scene.stop())

beforeEach(() => {
  stopped = undefined
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await stop()
})

const open = async (): Promise<EngineClient> => {
  const client = await openEngine(scene.node.url)
  sockets.push(client.socket)
  return client
}
const enter = ({ socket }: EngineClient, { userId, token }: Person): void =>
  socket.send(`40/ws/user/${userId},${JSON.stringify({ token })}`)
const told = ({ packets }: EngineClient, { userId }: Person, what: string): string[] =>
  packets.filter(packet => packet.includes(userId) && packet.includes(what))
const ready = (shared: EngineClient, person: Person): Promise<void> =>
  eventually(() => expect(told(shared, person, 'session.ready')).toHaveLength(1))

/** A connection that all of them are on. */
const share = async (people: readonly Person[]): Promise<EngineClient> => {
  const shared = await open()
  for (const person of people) {
    enter(shared, person)
    await ready(shared, person)
  }
  return shared
}
const comeBack = /"session.closing",\{"code":4001,"retry_after_ms":\d+\}/

it('tells everybody on it when the node drains, each once', async () => {
  scene = await startScene({ REALTIME_DRAIN_RETRY_MS: '60000' })
  const people = [await scene.others.signIn(), await scene.others.signIn(), await scene.others.signIn()]
  const shared = await share(people)
  const closed = once(shared.socket, 'close')
  await stop()
  await closed
  const closings = people.map(person => told(shared, person, 'session.closing'))
  for (const closing of closings) expect(closing).toEqual([expect.stringMatching(comeBack)])
  // They are not to come back at the same time either.
  const waits = closings.map(([closing = '']) => /"retry_after_ms":(\d+)/.exec(closing)?.[1])
  expect(new Set(waits).size).toBeGreaterThan(1)
})

it("tells the others to come back when one's token has expired", async () => {
  scene = await startScene({ REALTIME_TOKEN_GRACE_S: '0' })
  const exp = Math.floor(Date.now() / 1_000) + 3
  const [brief, other] = [await scene.others.signIn({ exp }), await scene.others.signIn()]
  const shared = await share([brief, other])
  await once(shared.socket, 'close')
  expect(told(shared, brief, 'session.closing')).toEqual([expect.stringContaining('"code":4401')])
  expect(told(shared, other, 'session.closing')).toEqual([expect.stringMatching(comeBack)])
})

it('tells who is on it when somebody asks for a namespace that there is not', async () => {
  scene = await startScene()
  const person = await scene.others.signIn()
  const shared = await share([person])
  shared.socket.send('40/nowhere,')
  await once(shared.socket, 'close')
  expect(told(shared, person, 'session.closing')).toEqual([expect.stringMatching(comeBack)])
})

it('goes on for one who is live when another has come too often, who is told how long to wait', async () => {
  scene = await startScene({ REALTIME_HANDSHAKES_PER_USER: '1' })
  const [live, late] = [await scene.others.signIn(), await scene.others.signIn()]
  await share([late])
  const shared = await share([live])
  enter(shared, late)
  await eventually(() => expect(told(shared, late, '"code":"rate_limited"')).toHaveLength(1))
  expect(told(shared, late, 'rate_limited')[0]).toMatch(/^44.*"request_id":".+"retry_after":\d+/)
  scene.others.publish(live.userId, scene.others.commit(live.userId, 1))
  await eventually(() => expect(told(shared, live, '"to_seq":1')).toHaveLength(1))
  expect(told(shared, live, 'session.closing')).toEqual([])
  expect(shared.socket.readyState).toBe(WebSocket.OPEN)
})

it('ends when all who ask for it have come too often', async () => {
  scene = await startScene({ REALTIME_HANDSHAKES_PER_USER: '1' })
  const late = [await scene.others.signIn(), await scene.others.signIn()]
  await share(late)
  const shared = await open()
  for (const person of late) enter(shared, person)
  await once(shared.socket, 'close')
  expect(shared.packets.filter(packet => packet.includes('"code":4029'))).not.toEqual([])
})
