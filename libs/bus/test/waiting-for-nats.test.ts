// What the log says while NATS is waited for: that it is not there, or that it does not let the user in; and nothing once it is.
import { Bus } from '@cairn/bus'
import { captureLogs, eventually, startLink, startTestBus, type Link } from '@cairn/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

const logs = captureLogs()
let server: Awaited<ReturnType<typeof startTestBus>>
let link: Link
beforeAll(async () => {
  server = await startTestBus()
  link = await startLink(server.url)
})
afterAll(async () => {
  await link.stop()
  await server.stop()
})

const toldBy = (name: string): string[] =>
  logs.lines.filter(line => line.includes(`"service":"${name}"`) && line.includes('waiting for NATS'))

it('that cannot be reached, at the start and later', async () => {
  link.cut()
  const connecting = Bus.connect({ url: link.url, name: 'early', logger: logs.loggerFor('early') })
  await eventually(() => expect(toldBy('early')[0]).toContain('cannot be reached'), 10_000)
  link.restore()
  const bus = await connecting
  const before = toldBy('early').length
  link.cut()
  await eventually(() => expect(toldBy('early').length).toBeGreaterThan(before), 10_000)
  expect(toldBy('early').at(-1)).toContain('cannot be reached')
  link.restore()
  await eventually(() => expect(bus.connected).toBe(true))
  await bus.drain(0)
}, 40_000)

it('that does not let the user in; nobody else is told anything', async () => {
  const calm = await Bus.connect({ url: server.url, name: 'calm', logger: logs.loggerFor('calm') })
  const url = new URL(server.url)
  url.password = 'another'
  void Bus.connect({ url: url.href, name: 'stranger', logger: logs.loggerFor('stranger') })
  await eventually(() => expect(toldBy('stranger').length).toBeGreaterThan(1), 15_000)
  for (const line of toldBy('stranger')) {
    expect(line).toContain('answers, and does not let the user of the URL in')
    expect(line).not.toContain('another')
  }
  expect(toldBy('calm')).toEqual([])
  await calm.drain(0)
}, 30_000)
