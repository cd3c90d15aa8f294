// What goes around the relay of an outbox, at its end.
import { Bus, outboxToStream } from '@cairn/bus'
import { continueTrace, currentRequest, requestContext, runInRequest } from '@cairn/runtime'
import { captureLogs, startTestBus } from '@cairn/testkit'
import { expect, it } from 'vitest'

it.each([
  ['this replica', true],
  ['another', false],
])('what is told of after the end stays in the outbox, whose relay is that of %s', async (_whose, active) => {
  const server = await startTestBus()
  const connect = (name: string) => Bus.connect({ url: server.url, name, logger: captureLogs().loggerFor('test') })
  const [bus, other] = await Promise.all([connect('test'), connect('other')])
  try {
    /** As part of which request, of each time that a relay was woken. */
    const told: (string | undefined)[] = []
    other.nats.subscribe('event.test.outbox.filled.v1', {
      callback: (_error, { headers }) => void told.push(headers?.get('x-request-id')),
    })
    await other.nats.flush()
    const publisher = outboxToStream(bus, {
      stream: 'progress_log',
      publishTimeoutMs: 1_000,
      wakeSubject: 'event.test.outbox.filled.v1',
      startRelay: () => ({
        active,
        behindMs: 0,
        wake: () => void told.push(currentRequest()?.requestId),
        stop: () => Promise.resolve(),
      }),
    })
    runInRequest(requestContext('one of many', continueTrace()), () => publisher.outboxFilled([]))
    await publisher.stop()
    const drained = bus.drain(100)
    for (let left = 20; left > 0; left -= 1) {
      expect(() => publisher.outboxFilled([])).not.toThrow()
      await new Promise(setImmediate)
    }
    await drained
    // What was sent before it has come, too.
    await other.nats.flush()
    expect(told).toEqual([undefined])
  } finally {
    await Promise.all([bus, other].map(({ nats }) => nats.close()))
    await server.stop()
  }
})
