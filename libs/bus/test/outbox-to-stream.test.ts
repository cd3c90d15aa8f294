// What goes around the relay of an outbox, at its end.
import { Bus, outboxToStream, type CommittedMessage } from '@cairn/bus'
import { captureLogs, startTestBus } from '@cairn/testkit'
import { expect, it } from 'vitest'

it.each([
  ['this replica', true],
  ['another', false],
])('what is told of after the end stays in the outbox, whose relay is that of %s', async (_whose, active) => {
  const server = await startTestBus()
  const bus = await Bus.connect({ url: server.url, name: 'test', logger: captureLogs().loggerFor('test') })
  try {
    const told: (readonly CommittedMessage[] | undefined)[] = []
    const publisher = outboxToStream(bus, {
      stream: 'progress_log',
      publishTimeoutMs: 1_000,
      wakeSubject: 'event.test.outbox.filled.v1',
      startRelay: () => ({
        active,
        behindMs: 0,
        wake: committed => void told.push(committed),
        stop: () => Promise.resolve(),
      }),
    })
    publisher.outboxFilled([])
    await publisher.stop()
    const drained = bus.drain(100)
    for (let left = 20; left > 0; left -= 1) {
      expect(() => publisher.outboxFilled([])).not.toThrow()
      await new Promise(setImmediate)
    }
    await drained
    expect(told).toHaveLength(active ? 1 : 0)
  } finally {
    await bus.nats.close()
    await server.stop()
  }
})
