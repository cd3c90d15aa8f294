// A group is committed, and fails, as part of a request of its own: not of the one whose end let it begin.
import { continueTrace, requestContext, runInRequest } from '@cairn/runtime'
import { eventually } from '@cairn/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventWith, phoneOf, startProgressUnderTest, type ProgressUnderTest } from './running-progress.ts'

let progress: ProgressUnderTest
beforeAll(async () => {
  progress = await startProgressUnderTest({ PROGRESS_MAX_GROUPS_IN_FLIGHT: '1', PROGRESS_LOCK_TIMEOUT_MS: '2500' })
})
afterAll(() => progress.stop())

interface Line {
  readonly message: string
  readonly request_id?: string
  readonly waiting_events?: number
}
const lines = (): Line[] => progress.logs.lines.map(line => JSON.parse(line) as Line)

it('what failed is told of as part of it', async () => {
  await progress.database.query(
    `ALTER TABLE progress.events ADD CONSTRAINT not_guilty CHECK (track_id <> 'guilty') NOT VALID`,
  )
  const submitAs = (requestId: string, phone: ReturnType<typeof phoneOf>, track_id: string) =>
    runInRequest(requestContext(requestId, continueTrace()), () => phone.submit(eventWith({ track_id })))
  const first = phoneOf(progress)
  const guilty = ['request-guilty-1', 'request-guilty-2']
  const phones = guilty.map(() => phoneOf(progress))
  await Promise.all([first, ...phones].map(phone => phone.submit(eventWith())))
  const holder = await progress.database.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT FROM progress.heads WHERE user_id = $1 FOR UPDATE', [first.userId])
  const before = submitAs('request-innocent', first, 'track')
  const isLocked = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  await eventually(async () => expect((await progress.database.query(isLocked)).rowCount).toBe(1))
  const refused = Promise.allSettled(guilty.map((id, n) => submitAs(id, phones[n] as typeof first, 'guilty')))
  await eventually(() => {
    const waiting = lines().filter(line => line.message === 'events wait to be committed')
    expect(waiting.map(line => line.request_id)).toEqual(expect.arrayContaining(guilty))
  })
  await holder.query('COMMIT')
  holder.release()
  expect((await before).results).toMatchObject([{ status: 'applied' }])
  for (const one of await refused) expect(one).toMatchObject({ reason: { code: 'internal' } })
  const told = lines().filter(line => line.message.startsWith('a group failed'))
  expect(told.map(line => line.request_id)).toEqual(['request-guilty-1'])
})
