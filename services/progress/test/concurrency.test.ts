// Many clients at once, over two instances of the service on one database: no event lost, none twice, `seq` dense.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventWith, phoneOf, startProgressUnderTest, type ProgressUnderTest } from './running-progress.ts'

let progress: ProgressUnderTest
beforeAll(async () => {
  progress = await startProgressUnderTest({ PROGRESS_MAX_GROUPS_IN_FLIGHT: '4' })
  await progress.startAnother()
})
afterAll(() => progress.stop())

const seqsOf = async (userId: string): Promise<number[]> => {
  const { rows } = await progress.database.query<{ seq: string }>(
    'SELECT seq FROM progress.events WHERE user_id = $1 ORDER BY seq',
    [userId],
  )
  return rows.map(row => Number(row.seq))
}
const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1)

/** Without the lock of the head two groups would take the same seq; the key of the log would stop one, and that is logged. */
const groupFailures = (): string[] => progress.logs.lines.filter(line => line.includes('a group failed'))

describe('clients at once', () => {
  it('20 of one user, each sending everything twice', async () => {
    const phone = phoneOf(progress)
    await phone.submit(eventWith({ item_id: 'i0' }))
    const batches = Array.from({ length: 20 }, (_, client) =>
      Array.from({ length: 25 }, (_event, n) => eventWith({ item_id: `i${(client + n) % 5}`, points: 1 })),
    )
    const answers = await Promise.all(
      [...batches, ...batches.toReversed()].flatMap(batch => [
        phone.submit(...batch.slice(0, 10)),
        phone.submit(...batch.slice(10)),
      ]),
    )
    const statuses = answers.flatMap(answer => answer.results.map(result => result.status))
    expect(statuses.filter(status => status === 'applied')).toHaveLength(500)
    expect(statuses.filter(status => status === 'duplicate')).toHaveLength(500)
    for (const { results, head } of answers) {
      expect(head.seq).toBeGreaterThanOrEqual(Math.max(...results.map(result => result.seq ?? 0)))
    }
    expect(await seqsOf(phone.userId)).toEqual(upTo(501))
    expect((await phone.snapshot()).totals).toMatchObject({ points: 500, event_count: 501, items: 5 })
    expect(groupFailures()).toEqual([])
  })

  it('of 60 users, several requests of each', async () => {
    const phones = Array.from({ length: 60 }, () => phoneOf(progress))
    const answers = await Promise.all(
      [1, 2, 3, 4].flatMap(() =>
        phones.map(phone => phone.submit(eventWith({ points: 2 }), eventWith({ item_id: 'j' }))),
      ),
    )
    expect(answers.flatMap(answer => answer.results).every(result => result.status === 'applied')).toBe(true)
    for (const phone of phones) {
      expect(await seqsOf(phone.userId)).toEqual(upTo(8))
      expect((await phone.snapshot()).totals).toMatchObject({ points: 8, event_count: 8, items: 2 })
    }
    expect(groupFailures()).toEqual([])
  })

  it('the same event of one user from many at once is applied once, with one seq for all', async () => {
    const phone = phoneOf(progress)
    const event = eventWith()
    const answers = await Promise.all(Array.from({ length: 30 }, () => phone.submit(event)))
    const receipts = answers.flatMap(answer => answer.results)
    expect(receipts.filter(receipt => receipt.status === 'applied')).toHaveLength(1)
    expect(new Set(receipts.map(receipt => receipt.seq))).toEqual(new Set([1]))
  })
})

describe('a request that the database will not take', () => {
  beforeAll(() =>
    progress.database.query(`ALTER TABLE progress.events ADD CONSTRAINT no_poison CHECK (track_id <> 'poison')`),
  )
  afterAll(() => progress.database.query('ALTER TABLE progress.events DROP CONSTRAINT no_poison'))

  it('fails alone; those it was committed with are applied', async () => {
    const guilty = phoneOf(progress)
    const others = Array.from({ length: 10 }, () => phoneOf(progress, randomUUID()))
    const failed = guilty.submit(eventWith({ track_id: 'poison' })).catch((error: unknown) => error)
    const sameUser = guilty.submit(eventWith())
    const answers = await Promise.all(others.map(phone => phone.submit(eventWith())))
    expect(await failed).toMatchObject({ code: 'internal' })
    expect(answers.every(answer => answer.results[0]?.status === 'applied')).toBe(true)
    expect((await sameUser).results).toMatchObject([{ status: 'applied', seq: 1 }])
  })
})
