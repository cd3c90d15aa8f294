// JetStream: streams with limits, and publishing that a repeat does not double.
import { jetstreamManager } from '@nats-io/jetstream'
import { Bus, ensureStream, streamPublisher } from '@cairn/bus'
import { captureLogs, startTestBus } from '@cairn/testkit'
import { nanos } from '@nats-io/nats-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

const limits = {
  name: 'TEST',
  subjects: ['event.test.>'],
  maxAgeMs: 60_000,
  maxBytes: 1_000_000,
  duplicateWindowMs: 10_000,
}
let server: Awaited<ReturnType<typeof startTestBus>>
let bus: Bus

beforeAll(async () => {
  server = await startTestBus()
  bus = await Bus.connect({ url: server.url, name: 'test', logger: captureLogs().loggerFor('test') })
})
afterAll(async () => {
  await bus.drain(100)
  await server.stop()
})

it('a stream is made once, changed when its limits change, and stores a message id once', async () => {
  await ensureStream(bus, limits)
  await ensureStream(bus, { ...limits, maxBytes: 2_000_000 })
  const publisher = streamPublisher(bus, 2_000)
  await publisher.publish('event.test.one', { payload: '{}', id: 'same' })
  await publisher.publish('event.test.one', { payload: '{}', id: 'same' })
  await publisher.publish('event.test.one', { payload: '{}', id: 'other' })
  const { config, state } = await (await jetstreamManager(bus.nats)).streams.info('TEST')
  expect(config).toMatchObject({ max_bytes: 2_000_000, subjects: ['event.test.>'] })
  expect(state.messages).toBe(2)
})

it('a stream that keeps messages for less than the duplicate window is made: an id is known for as long as its message', async () => {
  const short = { ...limits, name: 'SHORT', subjects: ['event.short.>'], maxAgeMs: 5_000 }
  await ensureStream(bus, short)
  const { config } = await (await jetstreamManager(bus.nats)).streams.info('SHORT')
  expect(config).toMatchObject({ max_age: nanos(5_000), duplicate_window: nanos(5_000) })
})

it('what no stream takes is a failure, not a silent loss', async () => {
  await expect(streamPublisher(bus, 500).publish('event.nobody', { payload: '{}', id: '1' })).rejects.toThrow()
})
