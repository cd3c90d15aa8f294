// While progress refuses to be read, sockets that wait for it do not make it worse: they ask less and less often, say so in one
// line for all of them, and those that are gone do not ask at all.
import { captureLogs, eventually, startTestBus } from '@cairn/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { plainDoor, type TestClient } from './doors.ts'
import { startNode, type TestNode } from './realtime-node.ts'
import { epoch, startStandIns, type Person, type StandIns } from './stand-ins.ts'

const sockets = 40
const retryMs = 100
const growingMs = 2_500

let logs = captureLogs()
let nats: Awaited<ReturnType<typeof startTestBus>>
let others: StandIns
let node: TestNode
let people: Person[]
let clients: TestClient[]

beforeAll(async () => {
  nats = await startTestBus()
  others = await startStandIns(nats.url, captureLogs().loggerFor('stand-ins'))
})
afterAll(async () => {
  await others.stop()
  await nats.stop()
})
const start = async (environment: Record<string, string>): Promise<void> => {
  node = await startNode(nats.url, logs.loggerFor('realtime'), environment)
  await node.ready()
  people = await Promise.all(Array.from({ length: sockets }, () => others.signIn()))
  clients = await Promise.all(
    people.map(async ({ userId, token }) => (await plainDoor.connect(node.url, userId, { token })) as TestClient),
  )
  await eventually(() => expect(clients.every(({ frames }) => frames.length === 1)).toBe(true))
}
beforeEach(() => {
  logs = captureLogs()
  others.progress.readsAsked = 0
})
afterEach(async () => {
  Object.assign(others.progress, { down: false, pageAfter: undefined })
  for (const client of clients) client.end()
  await node.stop()
})

it('asks less and less often, and is live soon after', async () => {
  await start({ REALTIME_REPAIR_RETRY_MS: String(retryMs), REALTIME_REPAIR_RETRY_MAX_MS: '1000' })
  others.progress.down = true
  const since = performance.now()
  for (const client of clients) client.send('resume', { epoch, seq: 0 })
  await eventually(() => expect(performance.now() - since).toBeGreaterThan(growingMs), 10_000)
  const asked = others.progress.readsAsked
  const ifNothingGrew = sockets * (growingMs / retryMs)
  expect(asked).toBeGreaterThan(sockets)
  expect(asked).toBeLessThan(ifNothingGrew / 3)
  const lines = logs.lines.filter(line => line.includes('could not read the log'))
  expect(lines).toHaveLength(1)
  others.progress.down = false
  await eventually(() => expect(clients.every(({ frames }) => frames.at(-1)?.type === 'progress.changed')).toBe(true))
})

it('says again how many there were', async () => {
  await start({ REALTIME_REPAIR_RETRY_MS: String(retryMs), REALTIME_WARNING_INTERVAL_MS: '300' })
  others.progress.down = true
  for (const client of clients) client.send('resume', { epoch, seq: 0 })
  const lines = (): { times: number; request_id?: string }[] =>
    logs.lines
      .filter(line => line.includes('could not read the log'))
      .map(line => JSON.parse(line) as { times: number; request_id?: string })
  await eventually(() => {
    expect(lines().reduce((failures, { times }) => failures + times, 0)).toBeGreaterThan(sockets)
  })
  const [first, ...later] = lines()
  expect(first?.times).toBe(1)
  expect(Math.max(...later.map(({ times }) => times))).toBeGreaterThan(1)
  // They stand for many: for none of their requests.
  for (const line of later.filter(({ times }) => times > 1)) expect(line).not.toHaveProperty('request_id')
})

it('does not ask for those that are gone', async () => {
  await start({ REALTIME_REPAIR_CONCURRENCY: '1' })
  const { promise, resolve: givePage } = Promise.withResolvers<void>()
  others.progress.pageAfter = promise
  for (const client of clients) client.send('resume', { epoch, seq: 0 })
  await eventually(() => expect(others.progress.readsAsked).toBe(1))
  const [first, ...gone] = clients as [TestClient, ...TestClient[]]
  // After its resume, which waits by then.
  for (const client of gone) client.send('unknown', {})
  await eventually(() => expect(gone.every(({ closed }) => closed)).toBe(true))
  others.progress.pageAfter = undefined
  givePage()
  await eventually(() => expect(first.frames.at(-1)?.type).toBe('progress.changed'))
  first.send('resume', { epoch, seq: 0 })
  await eventually(() => expect(first.frames.filter(({ type }) => type === 'progress.changed')).toHaveLength(2))
  expect(others.progress.readsAsked).toBe(2)
})
