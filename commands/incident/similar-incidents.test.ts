// Which incidents are like one, over a real bus.
import { Bus, keepIncidents, readIncidents } from '@cairn/bus'
import { incidentVariables, readEnvironment } from '@cairn/runtime'
import { captureLogs, eventually, incidentEnvironment, startTestBus } from '@cairn/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findSimilar } from './similar-incidents.ts'

let server: Awaited<ReturnType<typeof startTestBus>>
let bus: Bus
let keeper: ReturnType<typeof keepIncidents>
beforeAll(async () => {
  server = await startTestBus()
  bus = await Bus.connect({
    url: server.url,
    name: 'edge',
    logger: captureLogs('silent').loggerFor('edge'),
    incidentsPerSecond: 1_000,
  })
  keeper = keepIncidents(bus, readEnvironment(incidentVariables, incidentEnvironment()))
})
afterAll(async () => {
  await keeper.stop()
  await bus.drain(100)
  await server.stop()
})

it('the latest, however many there were, and never the one that was asked for', async () => {
  const opened: string[] = []
  for (let number = 0; number < 45; number += 1) {
    const failure = { code: 'internal', route: `GET /${number}`, error: new Error('broken'), message: 'failed' }
    opened.push(bus.incidents.open({ ...failure, fingerprint: 'the-same' }))
  }
  const reader = await readIncidents(bus)
  const latest = opened.toSorted().toReversed()
  await eventually(async () => expect(await reader.similar('the-same', 0)).toHaveLength(45), 10_000)
  const of = (incidentId: string) => findSimilar(reader, { fingerprint: 'the-same', incident_id: incidentId })
  for (const [shown, others] of [
    [latest[0], latest.slice(1)],
    [latest[44], latest.slice(0, 44)],
    // Older than a day, and gone from the count already.
    ['inc_01ARZ3NDEKTSV4RRFFQ69G5FAV', latest],
  ] as const) {
    const { count, incidents } = await of(shown ?? '')
    expect(count).toBe(others.length)
    expect(incidents.map(one => one.incident_id)).toEqual(others.slice(0, 20))
  }
}, 30_000)
