// JetStream: streams with limits, publishing that a repeat does not double, and what provisioning mends.
import { randomUUID } from 'node:crypto'
import { DiscardPolicy, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { Bus, streamPublisher } from '@cairn/bus'
import { ensureStream, provisionStreams, readProvisionStatus, streamVariables } from '@cairn/bus/provision'
import { deriveNatsUrl } from '@cairn/local'
import { readEnvironment } from '@cairn/runtime'
import { captureLogs, eventually, provisionNats, startTestBus } from '@cairn/testkit'
import { nanos } from '@nats-io/nats-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

const limits = {
  name: 'TEST',
  subjects: ['event.test.>'],
  maxAgeMs: 60_000,
  maxBytes: 1_000_000,
  duplicateWindowMs: 10_000,
  erasable: true,
}
/** As the tests' bus is provisioned. */
const config = readEnvironment(streamVariables, { INCIDENT_STREAM_BYTES: '50000000' })
let server: Awaited<ReturnType<typeof startTestBus>>
let bus: Bus
let manager: JetStreamManager

beforeAll(async () => {
  server = await startTestBus()
  bus = await Bus.connect({ url: server.url, name: 'test', logger: captureLogs().loggerFor('test') })
  manager = await jetstreamManager(bus.nats)
})
afterAll(async () => {
  await bus.drain(100)
  await server.stop()
})

const statusOf = async (): Promise<Record<string, string>> => {
  const found = await readProvisionStatus(deriveNatsUrl(server.url, 'provisioner'), config)
  return Object.fromEntries(found.map(({ name, state }) => [name, state]))
}
const allThere = {
  auth_events: 'as configured',
  progress_log: 'as configured',
  incidents: 'as configured',
  progress_erase_user: 'as configured',
}

it('a stream is made once, changed when its limits change, and stores a message id once', async () => {
  await ensureStream(manager, limits)
  await ensureStream(manager, { ...limits, maxBytes: 2_000_000 })
  const publisher = streamPublisher(bus, 2_000)
  await publisher.publish('event.test.one', { payload: '{}', id: 'same' })
  await publisher.publish('event.test.one', { payload: '{}', id: 'same' })
  await publisher.publish('event.test.one', { payload: '{}', id: 'other' })
  const stream = await manager.streams.info('TEST')
  expect(stream.config).toMatchObject({ max_bytes: 2_000_000, subjects: ['event.test.>'] })
  expect(stream.state.messages).toBe(2)
})

it('a stream that keeps messages for less than the duplicate window is made: an id is known for as long as its message', async () => {
  const short = { ...limits, name: 'SHORT', subjects: ['event.short.>'], maxAgeMs: 5_000 }
  await ensureStream(manager, short)
  const found = await manager.streams.info('SHORT')
  expect(found.config).toMatchObject({ max_age: nanos(5_000), duplicate_window: nanos(5_000) })
})

it('what no stream takes is a failure, not a silent loss', async () => {
  await expect(streamPublisher(bus, 500).publish('event.nobody', { payload: '{}', id: '1' })).rejects.toThrow()
})

it('the streams have the limits that are set', async () => {
  const { config: found } = await manager.streams.info('progress_log')
  expect(found).toMatchObject({
    subjects: ['event.progress.log.advanced.v1.*'],
    max_age: 86_400_000_000_000,
    max_bytes: 536_870_912,
    duplicate_window: 120_000_000_000,
  })
  expect((await manager.streams.info('incidents')).config.max_msgs_per_subject).toBe(1)
  expect(await statusOf()).toEqual(allThere)
})

it('what is missing or was changed by hand is told of, and put right', async () => {
  await manager.streams.delete('auth_events')
  await manager.streams.update('progress_log', { max_msgs: 1, subjects: ['event.progress.log.advanced.v1.*', 'x.>'] })
  expect(await statusOf()).toEqual({
    auth_events: 'missing',
    progress_log: 'not as configured',
    incidents: 'as configured',
    progress_erase_user: 'missing',
  })
  await Promise.all([provisionNats(server.url), provisionNats(server.url)])
  expect(await statusOf()).toEqual(allThere)
})

it.each([
  { what: 'refuses what is new when it is full', change: { discard: DiscardPolicy.New } },
  { what: 'refuses what is new of a subject', change: { discard: DiscardPolicy.New, discard_new_per_subject: true } },
  { what: 'acknowledges nothing', change: { no_ack: true } },
  { what: 'takes small messages alone', change: { max_msg_size: 10 } },
])('a stream that $what is found, and put right', async ({ change }) => {
  await manager.streams.update('incidents', change)
  expect(await statusOf()).toEqual({ ...allThere, incidents: 'not as configured' })
  await provisionNats(server.url)
  expect(await statusOf()).toEqual(allThere)
  await streamPublisher(bus, 2_000).publish('event.incident.part.kept.v1.a.b.c.d.e.f', {
    payload: '{"a":1234567}',
    id: randomUUID(),
  })
})

it.each(['deny_purge', 'deny_delete'])('a stream that has %s is found; NATS never takes it back', async name => {
  await manager.streams.update('progress_log', { [name]: true })
  expect(await statusOf()).toEqual({ ...allThere, progress_log: 'not as configured' })
  const natsUrl = deriveNatsUrl(server.url, 'provisioner')
  const failing = provisionStreams({ natsUrl, config, waitMs: 0, say: () => undefined })
  await expect(failing).rejects.toThrow(new RegExp(`progress_log: .*can not cancel deny.*${name}`))
  await manager.streams.delete('progress_log')
  await provisionNats(server.url)
  expect(await statusOf()).toEqual(allThere)
})

it.each([
  ['auth_events', 'event.auth.user.deleted.v1.somebody'],
  ['incidents', 'event.incident.part.kept.v1.g.h.i.j.k.l'],
])(
  '%s of an older version, from which messages could be erased, is brought to refuse that as it is',
  async (name, subject) => {
    const { config: kept } = await manager.streams.info(name)
    await manager.streams.delete(name)
    await manager.streams.add({ ...kept, deny_purge: false, deny_delete: false })
    await streamPublisher(bus, 2_000).publish(subject, { payload: '{}', id: randomUUID() })
    expect(await statusOf()).toMatchObject({ [name]: 'not as configured' })
    await provisionNats(server.url)
    expect(await statusOf()).toEqual(allThere)
    await expect(manager.streams.purge(name)).rejects.toThrow(/not permitted/)
    await expect(manager.streams.deleteMessage(name, 1)).rejects.toThrow(/not permitted/)
    expect((await manager.streams.info(name)).state.messages).toBe(1)
  },
)

it('a consumer that sends messages to a subject is found; NATS does not change it', async () => {
  const { config: kept } = await manager.consumers.info('auth_events', 'progress_erase_user')
  await manager.consumers.delete('auth_events', 'progress_erase_user')
  const pushing: object = { ...kept, max_waiting: undefined, deliver_subject: 'event.somewhere' }
  await manager.consumers.add('auth_events', pushing)
  expect(await statusOf()).toEqual({ ...allThere, progress_erase_user: 'not as configured' })
  const natsUrl = deriveNatsUrl(server.url, 'provisioner')
  const failing = provisionStreams({ natsUrl, config, waitMs: 0, say: () => undefined })
  await expect(failing).rejects.toThrow(/can not/)
  await manager.consumers.delete('auth_events', 'progress_erase_user')
  await provisionNats(server.url)
  expect(await statusOf()).toEqual(allThere)
})

it('a stream that sends what it keeps elsewhere is found, and does so no longer once it was provisioned', async () => {
  const subject = 'event.incident.part.kept.v1.a.b.c.d.e.f'
  const { config: kept } = await manager.streams.info('incidents')
  await manager.streams.delete('incidents')
  await manager.streams.add({ ...kept, republish: { src: subject, dest: 'request.progress.log.submit.v1' } })
  const forged: string[] = []
  bus.nats.subscribe('request.progress.>', { callback: (_error, message) => void forged.push(message.subject) })
  const keep = (id: string): Promise<void> => streamPublisher(bus, 2_000).publish(subject, { payload: '{}', id })
  await keep('one')
  await eventually(() => expect(forged).toEqual(['request.progress.log.submit.v1']))
  expect(await statusOf()).toMatchObject({ incidents: 'not as configured' })
  // NATS 2.9 changes nothing about it, and says so: it has to go.
  const natsUrl = deriveNatsUrl(server.url, 'provisioner')
  const outcome = await provisionStreams({ natsUrl, config, waitMs: 0, say: () => undefined }).then(
    () => 'done',
    String,
  )
  expect(outcome).toMatch(/^done$|republish/i)
  if (outcome !== 'done') await manager.streams.delete('incidents')
  await provisionNats(server.url)
  await keep('two')
  await bus.nats.flush()
  expect(forged).toHaveLength(1)
  expect(await statusOf()).toEqual(allThere)
})

it('NATS is waited for, and named when it does not come', async () => {
  if (server.server === undefined) return
  const natsUrl = deriveNatsUrl(server.url, 'provisioner')
  const said: string[] = []
  process.kill(server.server.pid, 'SIGKILL')
  await server.server.exited
  const failing = provisionStreams({ natsUrl, config, waitMs: 0, say: line => void said.push(line) })
  await expect(failing).rejects.toThrow(/refused/i)
  const waiting = provisionStreams({ natsUrl, config, waitMs: 20_000, say: line => void said.push(line) })
  await eventually(() => expect(said.join()).toMatch(/^waiting for NATS: .*refused/i))
  await server.server.restart()
  await waiting
  expect(await statusOf()).toEqual(allThere)
}, 30_000)
