// What goes on for all requests of a connection keeps none of them: not the one that happened to begin it.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Bus } from '@cairn/bus'
import { continueTrace, requestContext, runInRequest, type RequestContext } from '@cairn/runtime'
import { captureLogs, eventually, startTestBus } from '@cairn/testkit'
import { headers as createHeaders } from '@nats-io/nats-core'
import { expect, it } from 'vitest'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

it('the request that was first to wait for a reply is forgotten, though others wait', async () => {
  const server = await startTestBus()
  const bus = await Bus.connect({ url: server.url, name: 'test', logger: captureLogs().loggerFor('test') })
  try {
    bus.nats.subscribe('answered', { callback: (_error, message) => void message.respond('yes') })
    bus.nats.subscribe('unanswered', { callback: () => undefined })
    const ask = (subject: string) => bus.replies.send(subject, '', { timeoutMs: 15_000, headers: createHeaders() })
    const askAsFirst = async (): Promise<WeakRef<RequestContext>> => {
      const request = requestContext('first', continueTrace())
      await runInRequest(request, () => ask('answered'))
      return new WeakRef(request)
    }
    const first = askAsFirst()
    const waiting = ask('unanswered').catch(() => undefined)
    const held = await first
    await eventually(() => {
      collectGarbage()
      expect(held.deref()).toBeUndefined()
    })
    await bus.nats.close()
    await waiting
  } finally {
    await bus.nats.close()
    await server.stop()
  }
})
