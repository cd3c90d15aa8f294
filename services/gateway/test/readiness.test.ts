// Probes ask all through an outage: it is one incident, and the next one is another.
import { eventually } from '@cairn/testkit'
import { afterEach, expect, inject, it } from 'vitest'
import { startEdge, type Edge } from './edge.ts'

let edge: Edge
afterEach(async () => {
  await edge.stop()
})

/** Longer than failures of one kind share an incident anyway. */
const outageMs = 1_200

/** One that others use too is not ours to kill. */
const isSharedBus = Boolean(inject('backends').environment['NATS_URL'])

it.skipIf(isSharedBus)(
  'a time without the bus is one incident, however often it is asked whether it is over',
  async () => {
    edge = await startEdge()
    const { server } = edge.bus
    if (server === undefined) throw new Error('the bus is not its own')
    const outage = async (): Promise<Set<unknown>> => {
      const ids = new Set<unknown>()
      process.kill(server.pid, 'SIGKILL')
      await eventually(async () => expect((await edge.call('/readyz')).status).toBe(503))
      const startedAt = performance.now()
      await eventually(async () => {
        const { headers, body } = await edge.call('/readyz')
        expect(body['incident_id']).toBe(headers.get('x-incident-id'))
        ids.add(body['incident_id'])
        expect(performance.now() - startedAt).toBeGreaterThan(outageMs)
      })
      await server.restart()
      await eventually(async () => expect((await edge.call('/readyz')).status).toBe(200), 10_000)
      return ids
    }
    const [first, second] = [await outage(), await outage()]
    expect([first.size, second.size]).toEqual([1, 1])
    expect(second).not.toEqual(first)
  },
)
