// Work of a socket that fails: an incident with all that is known of it, few however many sockets there are, and its id for a
// client that is sent away meanwhile.
import { readIncidents } from '@cairn/bus'
import type { IncidentPart } from '@cairn/contracts'
import { continueTrace, runInRequest, userHasher } from '@cairn/runtime'
import { captureLogs, eventually, startTestBus } from '@cairn/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { doors, plainDoor, type Door, type TestClient } from './doors.ts'
import { startNode, type TestNode } from './realtime-node.ts'
import { epoch, startStandIns, type Person, type StandIns } from './stand-ins.ts'

let logs: ReturnType<typeof captureLogs>
let nats: Awaited<ReturnType<typeof startTestBus>>
let others: StandIns
let node: TestNode
let stopNode: () => Promise<void>

beforeEach(async () => {
  logs = captureLogs()
  nats = await startTestBus()
  others = await startStandIns(nats.url, logs.loggerFor('stand-ins'))
  node = await startNode(nats.url, logs.loggerFor('realtime'), { REALTIME_WARNING_INTERVAL_MS: '60000' })
  await node.ready()
  let stopped: Promise<void> | undefined
  stopNode = () => (stopped ??= node.stop())
})
afterEach(async () => {
  await stopNode()
  await others.stop()
  await nats.stop()
})

const enter = async (door: Door, { userId, token }: Person): Promise<TestClient> => {
  const client = await door.connect(node.url, userId, { token })
  if ('refused' in client) throw new Error(`refused: ${client.refused.code}`)
  return client
}

/** The line that opened the only incident there is. */
const incidentLine = (): Promise<Record<string, unknown>> =>
  eventually(() => {
    const lines = logs.lines.filter(line => /"level":"error".*"incident_id"/.test(line) && !line.includes('/readyz'))
    expect(lines).toHaveLength(1)
    return JSON.parse(lines[0] ?? '{}') as Record<string, unknown>
  })

const partOf = (incidentId: string): Promise<IncidentPart | undefined> =>
  eventually(async () => {
    const parts = await (await readIncidents(others.bus)).partsOf(incidentId)
    const part = parts.find(({ service }) => service === 'realtime')
    expect(part).toBeDefined()
    return part
  }, 10_000)

describe('a log that cannot be read', () => {
  it.each(doors)(
    'for a resume ($name): an incident under the frame, whose id a client sent away gets',
    async door => {
      const person = await others.signIn()
      others.commit(person.userId, 3)
      const client = await enter(door, person)
      await eventually(() => expect(client.frames).not.toHaveLength(0))
      others.progress.down = true
      client.send('resume', { epoch, seq: 1 })
      const line = await incidentLine()
      const userHash = userHasher(Buffer.alloc(32, 'u'))(person.userId)
      expect(line).toMatchObject({ code: 'unavailable', route: 'catch up with a log', user_hash: userHash })
      const incidentId = String(line['incident_id'])
      const part = await partOf(incidentId)
      expect(part).toMatchObject({ request_id: line['request_id'], user_hash: userHash })
      expect(part?.spans.map(({ name }) => name)).toContain('frame resume')
      await stopNode()
      expect(client.frames.at(-1)).toMatchObject({
        type: 'session.closing',
        data: { code: 4001, incident_id: incidentId },
      })
    },
    20_000,
  )

  it('after a page that left a gap: an incident of its own, not of the request that committed the page', async () => {
    const person = await others.signIn()
    const client = await enter(plainDoor, person)
    await eventually(() => expect(client.frames).toHaveLength(1))
    others.progress.down = true
    others.commit(person.userId, 1)
    const committing = { requestId: 'committing-request', trace: continueTrace() }
    runInRequest(committing, () => others.publish(person.userId, others.commit(person.userId, 1)))
    const { request_id: requestId, incident_id: incidentId, user_hash: userHash } = await incidentLine()
    expect(requestId).not.toBe(committing.requestId)
    expect(userHash).toBe(userHasher(Buffer.alloc(32, 'u'))(person.userId))
    const part = await partOf(String(incidentId))
    expect(part?.spans.map(({ name }) => name)).toContain('catch up with a log')
  }, 20_000)

  it('of many sockets, again and again: one incident, and none to tell of once it has been read', async () => {
    const people = await Promise.all(Array.from({ length: 10 }, () => others.signIn()))
    for (const { userId } of people) others.commit(userId, 3)
    const clients = await Promise.all(people.map(person => enter(plainDoor, person)))
    others.progress.down = true
    for (const client of clients) client.send('resume', { epoch, seq: 1 })
    // Each has failed, and tried again.
    await eventually(() => {
      const tries = logs.lines.filter(line => line.includes('a log could not be read'))
      expect(tries.length).toBeGreaterThan(2 * people.length)
    }, 10_000)
    await incidentLine()
    expect(logs.lines.filter(line => line.includes('could not read the log')).length).toBeLessThan(2)
    others.progress.down = false
    await eventually(() => {
      for (const { frames } of clients) expect(frames.map(({ type }) => type)).toContain('progress.changed')
    }, 10_000)
    await stopNode()
    for (const { frames } of clients) expect(frames.at(-1)?.data).not.toHaveProperty('incident_id')
  }, 30_000)
})

it('a client that got what it was owed from the bus instead is told of no incident when it goes', async () => {
  const person = await others.signIn()
  others.commit(person.userId, 3)
  const client = await enter(plainDoor, person)
  await eventually(() => expect(client.frames).toHaveLength(1))
  others.progress.down = true
  client.send('resume', { epoch, seq: 3 })
  await incidentLine()
  others.publish(person.userId, others.commit(person.userId, 1))
  await eventually(() => expect(client.frames[1]).toMatchObject({ type: 'progress.changed', data: { to_seq: 4 } }))
  await stopNode()
  expect(client.frames[2]).toMatchObject({ type: 'session.closing', data: { code: 4001 } })
  expect(client.frames[2]?.data).not.toHaveProperty('incident_id')
}, 20_000)

it('a handshake that fails leaves what was asked and answered', async () => {
  const person = await others.signIn()
  others.progress.down = true
  expect(await plainDoor.connect(node.url, person.userId, { token: person.token })).toMatchObject({
    refused: { status: 503, code: 'unavailable' },
  })
  const { incident_id: incidentId } = await incidentLine()
  const part = await partOf(String(incidentId))
  expect(part?.opening).toMatchObject({ route: 'GET /ws/user/:user_id' })
  const records = part?.records.map(record => JSON.parse(record) as Record<string, unknown>) ?? []
  expect(records.find(({ message }) => message === 'answered')).toMatchObject({
    method: 'GET',
    route: '/ws/user/:user_id',
    status: 503,
  })
})
