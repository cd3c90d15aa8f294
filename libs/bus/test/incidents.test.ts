// Incidents over a real bus: everybody who took part hands over, what the bus cannot take waits, a flood stays small.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Bus, keepIncidents, readIncidents, request, route, serve, type IncidentKeeper } from '@cairn/bus'
import { CairnError, issueNonce, isIncidentId, timeOfIncident, type IncidentPart } from '@cairn/contracts'
import { continueTrace, readEnvironment, runInRequest, incidentVariables } from '@cairn/runtime'
import { captureLogs, eventually, provisionNats, startTestBus } from '@cairn/testkit'
import { jetstreamManager } from '@nats-io/jetstream'
import { afterEach, beforeEach, expect, inject, it } from 'vitest'

interface Member {
  readonly bus: Bus
  readonly keeper: IncidentKeeper
}

let server: Awaited<ReturnType<typeof startTestBus>>
let spool: string
let running: Member[]
const logs = captureLogs('info')

const joinAs = async (name: string): Promise<Member> => {
  const bus = await Bus.connect({ url: server.url, name, logger: logs.loggerFor(name) })
  const config = readEnvironment(incidentVariables, {
    INCIDENT_SPOOL_DIRECTORY: spool,
    INCIDENT_PUBLISH_TIMEOUT_MS: '1000',
  })
  const member = { bus, keeper: keepIncidents(bus, config) }
  running.push(member)
  return member
}

beforeEach(async () => {
  server = await startTestBus()
  spool = join(inject('backends').directory, `spool-${Math.random().toString(36).slice(2)}`)
  running = []
})
afterEach(async () => {
  for (const { bus, keeper } of running) {
    await keeper.stop()
    await bus.drain(100)
  }
  await server.stop()
})

/** In this user's own directory. */
const spooled = (): string[] => readdirSync(join(spool, String(process.geteuid?.())))

const failAt = ({ bus }: Member, requestId: string, at = 'GET /x'): string =>
  runInRequest({ requestId, trace: continueTrace() }, () => {
    bus.logger.debug('just before')
    return bus.incidents.open({ code: 'internal', route: at, error: new Error('broken'), message: 'failed' })
  })

const partsOf = async ({ bus }: Member, incidentId: string): Promise<readonly IncidentPart[]> =>
  (await readIncidents(bus)).partsOf(incidentId)

const expectParts = ({ bus }: Member, incidentId: string, services: string[]): Promise<readonly IncidentPart[]> =>
  eventually(async () => {
    const parts = await partsOf({ bus } as Member, incidentId)
    expect(parts.map(part => part.service).toSorted()).toEqual(services)
    return parts
  }, 10_000)

it('a failure brings together what every service recorded of its request, debug level included', async () => {
  const edge = await joinAs('edge')
  const owner = await joinAs('owner')
  await joinAs('bystander')
  const serving = serve(owner.bus, {
    owner: 'auth',
    hashUser: () => 'hash',
    handlerTimeoutMs: 1_000,
    routes: [
      route(issueNonce, async () => {
        owner.bus.logger.debug('about to fail')
        throw new Error('the cause')
      }),
    ],
  })
  await owner.bus.nats.flush()
  const trace = continueTrace()
  const incidentId = await runInRequest({ requestId: 'request-0001', trace }, async () => {
    const caller = { userId: 'u', sessionId: 's' }
    const failure: unknown = await request(edge.bus, issueNonce, { payload: {}, timeoutMs: 2_000, caller }).catch(
      (error: unknown) => error,
    )
    const error = failure as CairnError
    return edge.bus.incidents.open({
      code: error.code,
      route: 'POST /x',
      error,
      fingerprint: error.fingerprint,
      message: 'failed',
    })
  })
  const parts = await expectParts(edge, incidentId, ['edge', 'owner'])
  const [edgePart, ownerPart] = parts.toSorted((one, other) => one.service.localeCompare(other.service))
  expect(edgePart).toMatchObject({ request_id: 'request-0001', opening: { code: 'internal', route: 'POST /x' } })
  expect(ownerPart?.user_hash).toBe('hash')
  expect(ownerPart?.records.join()).toMatch(/about to fail.*the cause/s)
  const [asked] = edgePart?.spans ?? []
  expect(ownerPart?.spans).toMatchObject([{ parent_id: asked?.span_id, error: 'internal' }])
  expect(isIncidentId(incidentId)).toBe(true)
  expect(Math.abs(timeOfIncident(incidentId) - Date.now())).toBeLessThan(10_000)
  const reader = await readIncidents(edge.bus)
  expect(await reader.latest(5)).toMatchObject([{ incident_id: incidentId }])
  const { fingerprint = '' } = edgePart?.opening ?? {}
  expect(await reader.similar(fingerprint, Date.now() - 60_000)).toEqual([incidentId])
  expect(await reader.similar(fingerprint, Date.now() + 60_000)).toEqual([])
  await serving.stop()
}, 20_000)

it('what the bus cannot take waits on disk, and arrives when it is back', async () => {
  if (server.server === undefined) return
  const edge = await joinAs('edge')
  await expectParts(edge, failAt(edge, 'request-0001'), ['edge'])
  process.kill(server.server.pid, 'SIGKILL')
  await eventually(() => expect(edge.bus.connected).toBe(false))
  const incidentId = failAt(edge, 'request-0002')
  await eventually(() => expect(spooled().filter(name => name.endsWith('.part.json'))).not.toHaveLength(0))
  await server.server.restart()
  const [part] = await expectParts(edge, incidentId, ['edge'])
  expect(part?.records.join()).toMatch(/just before.*broken/s)
  await eventually(() => expect(spooled()).toHaveLength(0))
}, 30_000)

it('where the disk takes nothing either, it waits in memory', async () => {
  if (server.server === undefined) return
  writeFileSync(spool, 'a file, where a directory should be')
  const edge = await joinAs('edge')
  process.kill(server.server.pid, 'SIGKILL')
  await eventually(() => expect(edge.bus.connected).toBe(false))
  const incidentId = failAt(edge, 'request-0001')
  await eventually(() => expect(logs.lines.join()).toContain('neither be published nor spooled'))
  await server.server.restart()
  await expectParts(edge, incidentId, ['edge'])
}, 30_000)

it('without its stream it waits on disk, the log says what makes it, and it arrives once that was done', async () => {
  const edge = await joinAs('edge')
  await (await jetstreamManager(edge.bus.nats)).streams.delete('incidents')
  const incidentId = failAt(edge, 'request-0001')
  const missing = 'incidents wait: the stream incidents is missing: npm run migrate makes it'
  await eventually(() => expect(logs.lines.join()).toContain(missing))
  await eventually(() => expect(spooled().filter(name => name.endsWith('.part.json'))).not.toHaveLength(0))
  expect(await partsOf(edge, incidentId)).toEqual([])
  await provisionNats(server.url)
  await expectParts(edge, incidentId, ['edge'])
  await eventually(() => expect(spooled()).toHaveLength(0))
}, 20_000)

it('the latest come newest first, as many as are asked for; so do similar ones', async () => {
  // Two processes, since one counts what fails in the same way as one incident.
  const [edge, replica] = [await joinAs('edge'), await joinAs('edge')]
  const ids: string[] = []
  for (const [member, at] of [
    [edge, 'GET /x'],
    [edge, 'GET /y'],
    [replica, 'GET /x'],
  ] as const) {
    const incidentId = failAt(member, `request-${ids.length}`, at)
    await expectParts(edge, incidentId, ['edge'])
    ids.push(incidentId)
  }
  const reader = await readIncidents(edge.bus)
  const latest = await reader.latest(2)
  expect(latest.map(part => part.incident_id)).toEqual([ids[2], ids[1]])
  const fingerprint = latest[0]?.opening?.fingerprint ?? ''
  expect(await reader.similar(fingerprint, Date.now() - 60_000)).toEqual([ids[2], ids[0]])
  expect(await reader.similar(fingerprint, Date.now() + 60_000)).toEqual([])
  expect(await reader.latest(5, 'somebody')).toEqual([])
}, 20_000)

it('a flood of failures is few incidents, each of which resolves and says how many it stands for', async () => {
  const edge = await joinAs('edge')
  await expectParts(edge, failAt(edge, 'request-0000'), ['edge'])
  const ids = new Set<string>()
  const startedAt = performance.now()
  for (let number = 0; number < 1_000; number += 1) {
    ids.add(failAt(edge, `request-${number}`, `GET /${number % 200}`))
  }
  const seconds = Math.ceil((performance.now() - startedAt) / 1_000)
  expect(ids.size).toBeLessThanOrEqual(20 * (seconds + 1))
  await eventually(async () => {
    const found = await Promise.all([...ids].map(id => partsOf(edge, id)))
    expect(found.map(parts => parts.length)).not.toContain(0)
    const failures = found.flat().reduce((sum, part) => sum + (part.opening?.failures ?? 0), 0)
    expect(failures).toBeGreaterThanOrEqual(1_000)
  }, 10_000)
}, 30_000)

it('a crash leaves the latest requests on disk before it is over, and any process delivers them', async () => {
  const crashing = await joinAs('crashing')
  runInRequest({ requestId: 'request-0001', trace: continueTrace() }, () => crashing.bus.logger.debug('in the middle'))
  const incidentId = crashing.keeper.crashed(new Error('unforeseen'))
  expect(spooled().length).toBeGreaterThanOrEqual(2)
  const other = await joinAs('other')
  await eventually(async () => {
    const parts = await partsOf(other, incidentId)
    const records = parts.map(part => part.records.join()).join()
    expect(records).toContain('in the middle')
    expect(records).toContain('unforeseen')
  }, 10_000)
}, 20_000)

it('an incident is gone when it is older than what is kept, and not before', async () => {
  // Shorter than anybody may set it.
  await provisionNats(server.url, { incidentMaxAgeSeconds: 2 })
  const member = await joinAs('edge')
  const startedAt = performance.now()
  const incidentId = failAt(member, 'request-0001')
  await expectParts(member, incidentId, ['edge'])
  await eventually(async () => expect(await partsOf(member, incidentId)).toEqual([]), 10_000)
  expect(performance.now() - startedAt).toBeGreaterThan(1_900)
  expect(await (await readIncidents(member.bus)).retentionMs()).toBe(2_000)
}, 20_000)
