// What a request that runs out of time says of the bus: that it is silent itself, or that it answers and the owner does not.
import { readSnapshot } from '@cairn/contracts'
import { Bus, request } from '@cairn/bus'
import { captureLogs, startLink, startTestBus, type Link } from '@cairn/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

const logs = captureLogs()
let server: Awaited<ReturnType<typeof startTestBus>>
let link: Link
let asking: Bus
let owner: Bus
beforeAll(async () => {
  server = await startTestBus()
  link = await startLink(server.url)
  asking = await Bus.connect({ url: link.url, name: 'asking', logger: logs.loggerFor('asking') })
  owner = await Bus.connect({ url: server.url, name: 'owner', logger: logs.loggerFor('owner') })
  owner.nats.subscribe(readSnapshot.subject)
  await owner.nats.flush()
})
afterAll(async () => {
  await Promise.all([asking.drain(100), owner.drain(100)])
  await link.stop()
  await server.stop()
})

const ask = async (timeoutMs: number): Promise<string> => {
  const failure = await request(asking, readSnapshot, { payload: {}, timeoutMs }).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'unavailable' })
  return ((failure as Error).cause as Error).message
}
const { subject } = readSnapshot

it('an owner that does not answer, on a bus that does', async () => {
  expect(await ask(1_000)).toMatch(
    new RegExp(`^${subject}: no reply in time; NATS at [\\w.:]+ answers, the owner does not$`),
  )
})

it('a bus that answers nothing, and since when; once it is back it is the owner again', async () => {
  link.drop()
  try {
    const silent = new RegExp(
      `^${subject}: no reply in time; NATS at [\\w.:]+ has not answered a ping for (\\d+) ms either$`,
    )
    const [, silentMs] = silent.exec(await ask(1_000)) ?? []
    expect(Number(silentMs)).toBeGreaterThan(500)
    expect(Number(silentMs)).toBeLessThan(3_000)
  } finally {
    link.restore()
  }
  expect(await ask(1_000)).toContain('answers, the owner does not')
})
