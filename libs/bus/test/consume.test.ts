// A durable consumer: what came before it, what fails, what is to come again, several members, a stream that is late.
import { randomUUID } from 'node:crypto'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { Bus, consume, purgeSubject, streamPublisher, type Consuming, type Handled } from '@cairn/bus'
import { durableConsumer, ensureStream } from '@cairn/bus/provision'
import { createLogger, noMetrics, noTelemetry, type Metrics } from '@cairn/runtime'
import { captureLogs, eventually, startTestBus } from '@cairn/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'

let server: Awaited<ReturnType<typeof startTestBus>>
let bus: Bus
let manager: JetStreamManager
const logs = captureLogs()
let stream: string
let consuming: Consuming[]

beforeAll(async () => {
  server = await startTestBus()
  bus = await Bus.connect({ url: server.url, name: 'test', logger: logs.loggerFor('test') })
  manager = await jetstreamManager(bus.nats)
})
afterAll(async () => {
  await bus.drain(100)
  await server.stop()
})
beforeEach(() => {
  stream = `test_${randomUUID()}`
  consuming = []
})
afterEach(async () => {
  await Promise.all(consuming.map(one => one.stop()))
})

/** With its consumer, as provisioning makes them. */
const makeStream = async (ackWaitMs = 1_000): Promise<void> => {
  await ensureStream(manager, {
    name: stream,
    subjects: [`${stream}.*`],
    maxAgeMs: 60_000,
    maxBytes: 1_000_000,
    duplicateWindowMs: 10_000,
    erasable: true,
  })
  await manager.consumers.add(stream, durableConsumer('listener', `${stream}.*`, ackWaitMs))
}
const send = (name: string): Promise<void> =>
  streamPublisher(bus, 2_000).publish(`${stream}.${name}`, { payload: JSON.stringify({ name }), id: randomUUID() })
const listen = (handle: (name: string) => Promise<Handled>): Consuming => {
  const one = consume(bus, {
    stream,
    durable: 'listener',
    subject: `${stream}.*`,
    retryMs: 20,
    handle: message => handle((message.json() as { name: string }).name),
  })
  consuming.push(one)
  return one
}
const collector = () => {
  const seen: string[] = []
  return { seen, handle: (name: string): Promise<Handled> => Promise.resolve((seen.push(name), 'done')) }
}
const leftToDo = async (): Promise<number> => {
  const info = await manager.consumers.info(stream, 'listener')
  return info.num_pending + info.num_ack_pending
}

it('says that its stream or its consumer is missing, and when it is there again', async () => {
  const gauges = new Map<string, () => number>()
  const metrics: Metrics = {
    ...noMetrics,
    gauge: (name, read, labels) => void gauges.set(`${name} ${JSON.stringify(labels)}`, read),
  }
  const destination = { write: () => undefined }
  const logger = createLogger({ service: 'x', level: 'info', destination, telemetry: { ...noTelemetry, metrics } })
  const measured = await Bus.connect({ url: server.url, name: 'measured', logger })
  const one = consume(measured, { stream, durable: 'listener', subject: 'x', retryMs: 20, handle: async () => 'done' })
  try {
    const missing = (): number | undefined =>
      gauges.get(`cairn.stream.missing {"stream":"${stream}","consumer":"listener"}`)?.()
    await eventually(() => expect(missing()).toBe(1))
    await makeStream()
    await eventually(() => expect(missing()).toBe(0))
    await manager.consumers.delete(stream, 'listener')
    await eventually(() => expect(missing()).toBe(1))
  } finally {
    await one.stop()
    await measured.drain(100)
  }
}, 30_000)

it('handles what came before it and what comes now, once each', async () => {
  await makeStream()
  await send('before')
  const { seen, handle } = collector()
  listen(handle)
  await eventually(() => expect(seen).toEqual(['before']))
  await send('now')
  await eventually(() => expect(seen).toEqual(['before', 'now']))
  await eventually(async () => expect(await leftToDo()).toBe(0))
})

it('gets a message again when it failed, and when it asked for it', async () => {
  await makeStream()
  await send('one')
  const outcomes = [
    () => Promise.reject(new Error('not now')),
    () => Promise.resolve({ againInMs: 20 }),
    () => Promise.resolve('done' as const),
  ]
  let calls = 0
  listen(() => outcomes[calls++]?.() ?? Promise.reject(new Error('too often')))
  await eventually(() => expect(calls).toBe(3))
  await eventually(async () => expect(await leftToDo()).toBe(0))
})

it('keeps a message for as long as its handler works', async () => {
  // A machine that stands still for a second is to cost nothing.
  await makeStream(2_500)
  await send('slow')
  let calls = 0
  const { promise, resolve } = Promise.withResolvers<Handled>()
  const handle = (): Promise<Handled> => ((calls += 1), promise)
  listen(handle)
  listen(handle)
  await eventually(() => expect(calls).toBe(1))
  const askedAt = performance.now()
  await eventually(() => expect(performance.now() - askedAt).toBeGreaterThan(3_500))
  resolve('done')
  await eventually(async () => expect(await leftToDo()).toBe(0))
  expect(calls).toBe(1)
})

it('goes on where another member stopped', async () => {
  await makeStream()
  const first = collector()
  const member = listen(first.handle)
  await send('one')
  await eventually(() => expect(first.seen).toEqual(['one']))
  await member.stop()
  await send('two')
  const second = collector()
  listen(second.handle)
  await eventually(() => expect(second.seen).toEqual(['two']))
})

it('waits for its stream, and takes it up again when it was made anew', async () => {
  const { seen, handle } = collector()
  listen(handle)
  const missing = `the stream ${stream} or its consumer listener is missing: npm run migrate makes them`
  await eventually(() => expect(logs.lines.join()).toContain(missing))
  await makeStream()
  await send('one')
  await eventually(() => expect(seen).toEqual(['one']))
  await manager.streams.delete(stream)
  await makeStream()
  await send('two')
  await eventually(() => expect(seen).toEqual(['one', 'two']), 20_000)
}, 30_000)

it('a purged subject is gone, others stay; no stream is no harm', async () => {
  await makeStream()
  await send('one')
  await send('two')
  await purgeSubject(bus, stream, `${stream}.one`)
  const { state } = await manager.streams.info(stream)
  expect(state.messages).toBe(1)
  await purgeSubject(bus, 'nowhere', 'x')
})
