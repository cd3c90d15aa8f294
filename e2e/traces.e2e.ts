// One request is one trace: from the caller's own traceparent over gateway, bus and database to the frame on another phone.
// Checked on what the services export to a collector.
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Session } from '@cairn/contracts'
import {
  call,
  createTestDatabase,
  databaseUrlOf,
  eventually,
  startCollector,
  type CollectedSpan,
  type Collector,
  type TestDatabase,
} from '@cairn/testkit'
import { startFleet, type Fleet } from '@cairn/testkit/fleet'
import pg from 'pg'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'

const server = 2
const client = 3
/** Of those that leave together, the first and the last. */
const statementsOfGroup = ['begin', 'lock-heads', 'read-stored-days', 'write-items', 'fill-outbox', 'commit']
const consumer = 5
let database: TestDatabase
let collector: Collector
let fleet: Fleet
let session: Session

beforeAll(async () => {
  const { databaseUrl, template, directory, environment: given } = inject('backends')
  database = await createTestDatabase(databaseUrl, template)
  collector = await startCollector()
  fleet = await startFleet({
    directory: join(directory, database.name),
    databaseUrl: databaseUrlOf(databaseUrl, database.name),
    given,
    replicas: { janitor: 0 },
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BLRP_SCHEDULE_DELAY: '100',
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      OTEL_METRIC_EXPORT_TIMEOUT: '900',
    },
  })
  session = await signIn()
}, 60_000)
afterAll(async () => {
  await fleet.stop()
  await collector.stop()
  await database.drop()
})

const signIn = async (): Promise<Session> =>
  (await call<Session>(fleet.gatewayUrl, '/api/v1/auth/guest', { method: 'POST' })).body

/** Resolves with the id of the request. */
const write = async (headers: Record<string, string>, { access_token: token } = session): Promise<string> => {
  const event = { event_id: randomUUID(), track_id: 't', item_id: 'i', kind: 'started' }
  const body = { events: [{ ...event, occurred_at: '2026-01-01T00:00:00Z' }] }
  const options = { method: 'POST', token, body, headers } as const
  const answer = await call<{ request_id: string }>(fleet.gatewayUrl, '/api/v1/progress/events', options)
  expect(answer.status).toBe(200)
  return answer.body.request_id
}

const newTrace = (): { traceId: string; parentId: string; traceparent: string } => {
  const [traceId, parentId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')]
  return { traceId, parentId, traceparent: `00-${traceId}-${parentId}-01` }
}

const spansOf = (traceId: string, least: number): Promise<CollectedSpan[]> =>
  eventually(() => {
    const spans = collector.spans.filter(span => span.traceId === traceId)
    expect(spans.length).toBeGreaterThanOrEqual(least)
    return spans
  }, 10_000)

it('a traceparent is continued over gateway, bus, database and socket frame, each under its right parent', async () => {
  const port = fleet.of('realtime')[0]?.port ?? 0
  const url = `ws://127.0.0.1:${port}/ws/user/${session.user.id}?token=${session.access_token}`
  const socket = new WebSocket(url)
  const frames: { type: string; traceparent?: string; request_id?: string }[] = []
  socket.on('message', (data: Buffer) => void frames.push(JSON.parse(data.toString('utf8')) as (typeof frames)[number]))
  await once(socket, 'open')
  await eventually(() => expect(frames.map(frame => frame.type)).toContain('session.ready'))
  const { traceId, parentId, traceparent } = newTrace()
  await write({ traceparent, tracestate: 'vendor=1' })
  const frame = await eventually(() => {
    const found = frames.find(one => one.type === 'progress.changed')
    expect(found).toBeDefined()
    return found
  })
  socket.close()
  expect(frame?.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))

  const { edge, asked, served, statements } = await eventually(() => {
    const spans = collector.spans.filter(span => span.traceId === traceId)
    const one = (service: string, kind: number, name: RegExp): CollectedSpan | undefined =>
      spans.find(span => span.service === service && span.kind === kind && name.test(span.name))
    const found = {
      edge: one('gateway', server, /^POST \/api\/v1\/progress\/events$/),
      asked: one('gateway', client, /^request request\.progress\.log\.submit\.v1$/),
      served: one('progress', consumer, /^process request\.progress\.log\.submit\.v1$/),
      statements: spans.filter(span => span.service === 'progress' && span.kind === client),
    }
    expect(Object.values(found)).not.toContain(undefined)
    expect(found.statements.map(span => span.name)).toEqual(expect.arrayContaining(statementsOfGroup))
    return found
  }, 10_000)
  expect(edge?.parentSpanId).toBe(parentId)
  expect(asked?.parentSpanId).toBe(edge?.spanId)
  expect(served?.parentSpanId).toBe(asked?.spanId)
  const ofGroup = statements.filter(span => statementsOfGroup.includes(span.name))
  expect(new Set(ofGroup.map(span => span.parentSpanId))).toEqual(new Set([served?.spanId]))
  expect(asked?.attributes).toMatchObject({
    'messaging.system': 'nats',
    'messaging.destination.template': 'request.progress.log.submit.v1',
    'cairn.request_id': frame?.request_id,
  })
  expect(edge?.attributes).toMatchObject({ 'http.route': '/api/v1/progress/events', 'http.response.status_code': 200 })
}, 30_000)

/** Whoever begins to listen then hears nothing of what was written before. */
const published = async (): Promise<void> => {
  const administrator = new pg.Client({ connectionString: fleet.databaseUrl })
  await administrator.connect()
  await eventually(async () => expect((await administrator.query('SELECT FROM progress.outbox')).rowCount).toBe(0))
  await administrator.end()
}

it('a handshake and a frame continue the traces they name, down to what they ask for', async () => {
  const { port = 0 } = fleet.of('realtime')[0] ?? {}
  const [ofHandshake, ofFrame] = [newTrace(), newTrace()]
  // Somebody of whom the node has no page in its memory.
  const other = await signIn()
  await write({}, other)
  await published()
  const url = `ws://127.0.0.1:${port}/ws/user/${other.user.id}?token=${other.access_token}`
  const socket = new WebSocket(url, { headers: { traceparent: ofHandshake.traceparent } })
  const [ready] = (await once(socket, 'message')) as [Buffer]
  const { data } = JSON.parse(ready.toString('utf8')) as { data: { epoch: string; seq: number } }
  const resume = { type: 'resume', data: { epoch: data.epoch, seq: 0 }, traceparent: ofFrame.traceparent }
  socket.send(JSON.stringify(resume))
  const cases = [
    { trace: ofHandshake, name: 'GET /ws/user/:user_id', asks: 'request request.progress.log.read-head.v1' },
    { trace: ofFrame, name: 'frame resume', asks: 'request request.progress.log.read-changes.v1' },
  ]
  for (const { trace, name, asks } of cases) {
    const { own, asked } = await eventually(() => {
      const spans = collector.spans.filter(span => span.traceId === trace.traceId && span.service === 'realtime')
      const found = { own: spans.find(span => span.name === name), asked: spans.find(span => span.name === asks) }
      expect(Object.values(found)).not.toContain(undefined)
      return found
    }, 10_000)
    expect(own).toMatchObject({ kind: server, parentSpanId: trace.parentId })
    expect(asked?.parentSpanId).toBe(own?.spanId)
  }
  socket.close()
}, 30_000)

it('requests that are committed together are linked to from the span of their group', async () => {
  const traces = Array.from({ length: 8 }, newTrace)
  await Promise.all(traces.map(({ traceparent }) => write({ traceparent })))
  await eventually(() => {
    const groups = collector.spans.filter(span => span.name === 'commit group')
    const linked = new Set(groups.flatMap(span => span.links.map(link => link.traceId)))
    expect(traces.filter(({ traceId }) => !linked.has(traceId))).toEqual([])
  }, 10_000)
}, 30_000)

it('what the caller did not sample is not exported, and is continued all the same', async () => {
  const unsampled = newTrace()
  await write({ traceparent: unsampled.traceparent.replace(/01$/, '00') })
  const sampled = newTrace()
  await write({ traceparent: sampled.traceparent })
  await spansOf(sampled.traceId, 3)
  expect(collector.spans.filter(span => span.traceId === unsampled.traceId)).toEqual([])
}, 30_000)

it.each([
  ['malformed', 'nonsense'],
  ['of version ff', `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`],
  ['with an id of noughts', `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`],
  ['longer than its version allows', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01-more`],
  ['oversized', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01${'-x'.repeat(4_000)}`],
])(
  'a traceparent %s begins a trace of our own',
  async (_what, traceparent) => {
    const requestId = await write({ traceparent })
    const span = await eventually(() => {
      const own = collector.spans.find(one => one.kind === server && one.attributes['cairn.request_id'] === requestId)
      expect(own).toBeDefined()
      return own
    }, 10_000)
    expect(span?.parentSpanId).toBeUndefined()
    expect(span?.traceId).not.toBe('a'.repeat(32))
  },
  20_000,
)

it('two traceparents are none', async () => {
  const [first, second] = [newTrace(), newTrace()]
  const { hostname, port } = new URL(fleet.gatewayUrl)
  const sent = request({
    hostname,
    port,
    path: '/healthz',
    headers: { traceparent: [first.traceparent, second.traceparent] },
  })
  sent.end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  expect(answer.resume().statusCode).toBe(200)
  const later = newTrace()
  await write({ traceparent: later.traceparent })
  await spansOf(later.traceId, 3)
  const traceIds = new Set(collector.spans.map(span => span.traceId))
  expect([first.traceId, second.traceId].filter(id => traceIds.has(id))).toEqual([])
}, 20_000)

it('a traceparent of a later version is read as far as it is known', async () => {
  const { traceId, parentId } = newTrace()
  await write({ traceparent: `cc-${traceId}-${parentId}-01-what-the-future-brings` })
  const span = await eventually(() => {
    const own = collector.spans.find(one => one.traceId === traceId && one.kind === server)
    expect(own).toBeDefined()
    return own
  }, 10_000)
  expect(span?.parentSpanId).toBe(parentId)
}, 20_000)

it('logs and metrics go to the collector too, and metrics stay there for whoever scrapes', async () => {
  await eventually(() => {
    expect(collector.logs).toContain('answered')
    expect([...collector.metricNames]).toEqual(
      expect.arrayContaining(['http.server.request.duration', 'messaging.process.duration', 'cairn.bus.connected']),
    )
  }, 15_000)
  const scraped = await (await fetch(`${fleet.of('gateway')[0]?.opsUrl ?? ''}/metrics`)).text()
  expect(scraped).toContain('http_server_request_duration_count')
}, 30_000)
