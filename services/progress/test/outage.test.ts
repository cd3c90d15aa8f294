// The database goes away and comes back: requests fail as `unavailable`, soon; afterwards everything works by itself, and
// what was acknowledged is there once.
import { eventually } from '@cairn/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventWith, phoneOf, startProgressUnderTest, type ProgressUnderTest } from './running-progress.ts'
import { openLink, type SeverableLink } from './severable-link.ts'

let progress: ProgressUnderTest
let link: SeverableLink
beforeAll(async () => {
  const environment = { PROGRESS_STATEMENT_TIMEOUT_MS: '500', PROGRESS_HANDLER_TIMEOUT_MS: '1500' }
  progress = await startProgressUnderTest(environment, async serviceUrl => {
    const url = new URL(serviceUrl)
    link = await openLink(url.hostname, Number(url.port))
    url.host = `127.0.0.1:${link.port}`
    return url.href
  })
})
afterAll(async () => {
  await progress.stop()
  await link.close()
})

const expectAllUnavailable = async (requests: Promise<unknown>[]): Promise<void> => {
  for (const outcome of await Promise.allSettled(requests)) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
  }
}

it.each([
  ['gone', () => link.sever()],
  ['silent', () => Promise.resolve(link.freeze())],
])('answers unavailable while the database is %s, and recovers', async (_state, fail) => {
  const phone = phoneOf(progress)
  const before = eventWith()
  await phone.submit(before)
  await fail()
  const lost = eventWith()
  const startedAt = performance.now()
  await expectAllUnavailable([
    phone.submit(lost),
    phoneOf(progress).submit(eventWith()),
    phone.head(),
    phone.snapshot(),
  ])
  expect(performance.now() - startedAt).toBeLessThan(4_000)
  await link.mend()
  const { results } = await eventually(() => phone.submit(lost, before), 10_000)
  expect(results[1]).toMatchObject({ status: 'duplicate', seq: 1 })
  expect((await phone.head()).seq).toBe(2)
  await eventually(async () =>
    expect((await progress.database.query('SELECT 1 FROM progress.outbox')).rowCount).toBe(0),
  )
})

it('finishes what is in flight when it stops, and takes nothing more', async () => {
  const phones = Array.from({ length: 20 }, () => phoneOf(progress))
  const service = await progress.startAnother()
  const answers = Promise.allSettled(phones.map(phone => phone.submit(eventWith())))
  await service.stop()
  const outcomes = await answers
  const acknowledged = phones.filter((_phone, index) => outcomes[index]?.status === 'fulfilled')
  expect(acknowledged.length).toBeGreaterThan(0)
  for (const phone of acknowledged) expect((await phone.head()).seq).toBe(1)
})
