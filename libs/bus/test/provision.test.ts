// Whatever somebody set by hand of a stream or its consumer is found; and put right, or NATS' refusal is told.
import {
  jetstream,
  jetstreamManager,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
} from '@nats-io/jetstream'
import { Bus, streamPublisher } from '@cairn/bus'
import { provisionStreams, readProvisionStatus, streamVariables } from '@cairn/bus/provision'
import { deriveNatsUrl } from '@cairn/local'
import { readEnvironment } from '@cairn/runtime'
import { captureLogs, eventually, provisionNats, startTestBus } from '@cairn/testkit'
import { nanos } from '@nats-io/nats-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'

/** As the tests' bus is provisioned. */
const config = readEnvironment(streamVariables, { INCIDENT_STREAM_BYTES: '50000000' })
const [stream, consumer] = ['auth_events', 'progress_erase_user']
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
afterEach(async () => {
  await manager.streams.delete(stream)
  await provisionNats(server.url)
})

/** By name, what differs. */
const drift = async (): Promise<Record<string, readonly string[]>> => {
  const found = await readProvisionStatus(deriveNatsUrl(server.url, 'provisioner'), config)
  return Object.fromEntries(
    found.filter(({ state }) => state !== 'as configured').map(({ name, differing }) => [name, differing]),
  )
}
/** `done`, or in which words it failed. */
const provision = (): Promise<string> =>
  provisionStreams({
    natsUrl: deriveNatsUrl(server.url, 'provisioner'),
    config,
    waitMs: 0,
    say: () => undefined,
  }).then(() => 'done', String)

it.each([
  ['retention', { retention: RetentionPolicy.Interest }],
  ['retention', { retention: RetentionPolicy.Workqueue }],
  ['storage', { storage: StorageType.Memory }],
  ['max_consumers', { max_consumers: 1 }],
  // A stream that refuses to be purged takes no roll-ups.
  ['allow_rollup_hdrs', { allow_rollup_hdrs: true, deny_purge: false }],
])('a stream of another %s is found, and put right or told of: %j', async (key, change) => {
  const { config: kept } = await manager.streams.info(stream)
  await manager.streams.delete(stream)
  await manager.streams.add({ ...kept, ...change })
  expect(await drift()).toEqual({ [stream]: Object.keys(change), [consumer]: [] })
  const outcome = await provision()
  expect(outcome).toMatch(new RegExp(`^done$|${stream}: .*${key}`))
  expect(Object.keys(await drift())).toEqual(outcome === 'done' ? [] : [stream])
})

it.each([
  ['headers_only', { headers_only: true }],
  ['inactive_threshold', { inactive_threshold: nanos(60_000) }],
  ['replay_policy', { replay_policy: ReplayPolicy.Original }],
  ['max_batch', { max_batch: 1 }],
  ['max_expires', { max_expires: nanos(1) }],
  ['max_bytes', { max_bytes: 1 }],
  ['max_waiting', { max_waiting: 1 }],
  ['backoff', { backoff: [nanos(30_000)], max_deliver: 5 }],
])('a consumer with another %s is found, and put right or told of', async (key, change) => {
  const { config: kept } = await manager.consumers.info(stream, consumer)
  await manager.consumers.delete(stream, consumer)
  await manager.consumers.add(stream, { ...kept, ...change })
  expect((await drift())[consumer]).toContain(key)
  const outcome = await provision()
  expect(outcome).toMatch(new RegExp(`^done$|${consumer}: .*${key}`))
  expect(Object.keys(await drift())).toEqual(outcome === 'done' ? [] : [consumer])
})

it('a consumer put right hands out whole messages, and is there after a restart', async () => {
  if (server.server === undefined) return
  const { config: kept } = await manager.consumers.info(stream, consumer)
  await manager.consumers.delete(stream, consumer)
  await manager.consumers.add(stream, { ...kept, headers_only: true, max_expires: nanos(1), max_bytes: 1 })
  expect(await provision()).toBe('done')
  process.kill(server.server.pid, 'SIGKILL')
  await server.server.exited
  await server.server.restart()
  const found = await eventually(async () => {
    const client = jetstream(bus.nats, { timeout: 500 })
    return client.consumers.get(stream, consumer)
  })
  const payload = '{"user_id":"somebody"}'
  await streamPublisher(bus, 2_000).publish('event.auth.user.deleted.v1.somebody', { payload, id: 'deletion' })
  expect((await found.next({ expires: 2_000 }))?.string()).toBe(payload)
}, 30_000)

it('a consumer that is kept in memory is never said to be put right: it would be gone with a restart', async () => {
  const { config: kept } = await manager.consumers.info(stream, consumer)
  await manager.consumers.delete(stream, consumer)
  await manager.consumers.add(stream, { ...kept, mem_storage: true, headers_only: true })
  expect(await provision()).toContain(`${consumer}: NATS does not change mem_storage`)
  expect(await drift()).toEqual({ [consumer]: ['mem_storage'] })
})

it('what cannot be put right of one stream keeps the others from nothing', async () => {
  const { config: kept } = await manager.streams.info(stream)
  await manager.streams.delete(stream)
  await manager.streams.add({ ...kept, storage: StorageType.Memory })
  await manager.streams.update('incidents', { no_ack: true })
  expect(await provision()).toContain('storage')
  expect(await drift()).toEqual({ [stream]: ['storage'] })
})

it('what an operator may choose is left as it is', async () => {
  await manager.streams.update(stream, { description: 'ours', allow_direct: true })
  expect(await drift()).toEqual({})
  expect(await provision()).toBe('done')
  expect((await manager.streams.info(stream)).config).toMatchObject({ description: 'ours', allow_direct: true })
})
