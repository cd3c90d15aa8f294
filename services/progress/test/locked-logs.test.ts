// Logs that somebody else has locked, such as a rebuild or a replica whose host is gone: nobody else waits for them for long,
// and their own users wait by themselves, in order, as long as their requests have time.
import type { SubmitResult } from '@cairn/contracts'
import { continueTrace, requestContext, runInRequest } from '@cairn/runtime'
import { eventually, ownMs, startLink, type Link } from '@cairn/testkit'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventWith, phoneOf, startProgressUnderTest, type ProgressUnderTest } from './running-progress.ts'

type Phone = ReturnType<typeof phoneOf>

let progress: ProgressUnderTest
let holder: pg.PoolClient
/** As a rebuild does, which writes, too; until the holder rolls back. */
const lockLogs = async (held: readonly Phone[]): Promise<void> => {
  await holder.query('BEGIN')
  await holder.query('UPDATE progress.heads SET points = 9 WHERE user_id = ANY ($1)', [held.map(one => one.userId)])
}
const phones = (count: number): Phone[] => Array.from({ length: count }, () => phoneOf(progress))
const receiptsOf = (answers: readonly SubmitResult[]) => answers.flatMap(({ results }) => results)
const applied = (seqs: readonly number[]) => seqs.map(seq => ({ status: 'applied', seq }))

describe('while the logs of five users are locked', () => {
  const lockTimeoutMs = 500
  let held: Phone[]
  beforeAll(async () => {
    progress = await startProgressUnderTest({ PROGRESS_LOCK_TIMEOUT_MS: String(lockTimeoutMs) })
  })
  afterAll(() => progress.stop())
  beforeEach(async () => {
    held = phones(5)
    await Promise.all(held.map(phone => phone.submit(eventWith())))
    holder = await progress.database.connect()
    await lockLogs(held)
  })
  afterEach(async () => {
    await holder.query('ROLLBACK')
    holder.release()
  })

  it('others are committed after one lock timeout, new users too, and theirs in order once they are free', async () => {
    const firsts = held.map(phone => Promise.all([1, 2, 3].map(points => phone.submit(eventWith({ points })))))
    const waiting = Promise.allSettled(firsts)
    const tookMs: number[] = []
    const client = async (phone: Phone): Promise<void> => {
      for (let seq = 1; seq <= 4; seq += 1) {
        const answering = phone.submit(eventWith()).catch(() => undefined)
        const ms = await ownMs(() => answering)
        tookMs.push((await answering)?.head.seq === seq ? ms : Infinity)
      }
    }
    await Promise.all(phones(50).map(client))
    expect(Math.max(...tookMs)).toBeLessThan(2.5 * lockTimeoutMs)
    const later = Promise.allSettled(held.map(phone => phone.submit(eventWith())))
    await holder.query('ROLLBACK')
    for (const answers of await waiting) {
      expect(receiptsOf((answers as PromiseFulfilledResult<SubmitResult[]>).value)).toMatchObject(applied([2, 3, 4]))
    }
    for (const answer of await later) expect(answer).toMatchObject({ value: { results: applied([5]) } })
  })

  it('others wait once, though the locked ones come one after another, and one of them is only being made', async () => {
    const [made, ...free] = phones(3) as [Phone, Phone, Phone]
    await Promise.all(free.map(phone => phone.submit(eventWith())))
    await holder.query('INSERT INTO progress.heads (user_id) VALUES ($1)', [made.userId])
    const waiting: Promise<unknown>[] = []
    const submitting = async (): Promise<void> => {
      for (const phone of [made, ...held]) {
        waiting.push(phone.submit(eventWith()).catch(() => undefined))
        await Promise.all(free.map(one => one.submit(eventWith())))
      }
    }
    expect(await ownMs(submitting)).toBeLessThan(4 * lockTimeoutMs)
    await holder.query('ROLLBACK')
    await Promise.all(waiting)
  })

  it('these are told in time that it cannot be done now, and nothing of it is stored', async () => {
    const events = held.map(() => eventWith())
    const ids = held.map((_phone, n) => `request-set-aside-${n}`)
    const submitAs = (phone: Phone, n: number) =>
      runInRequest(requestContext(ids[n] ?? '', continueTrace()), () => phone.submit(events[n]))
    const before = progress.logs.lines.length
    const refused = await Promise.allSettled(held.map(submitAs))
    for (const one of refused) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
    const setAside = progress.logs.lines.slice(before).find(line => line.includes('their requests wait aside'))
    expect(ids).toContain((JSON.parse(setAside ?? '{}') as { request_id?: string }).request_id)
    const failures = progress.logs.lines.slice(before).filter(line => line.includes('"request failed"'))
    expect(failures.filter(line => line.includes('somebody else has locked the log'))).toHaveLength(held.length)
    await holder.query('ROLLBACK')
    const again = await Promise.all(held.map((phone, n) => phone.submit(events[n])))
    expect(receiptsOf(again)).toMatchObject(applied(held.map(() => 2)))
  })
})

describe('a replica whose host is lost in the middle of a commit', () => {
  let link: Link
  let directUrl: string
  beforeAll(async () => {
    // As long as this takes, the lost one closes no connection, which a lost host does not either.
    progress = await startProgressUnderTest({ PROGRESS_STATEMENT_TIMEOUT_MS: '20000' }, async serviceUrl => {
      directUrl = serviceUrl
      link = await startLink(serviceUrl)
      return link.url
    })
  })
  afterAll(async () => {
    link.cut()
    await progress.stop()
    await link.stop()
  })

  it('keeps the log from nobody for longer than a request has time', async () => {
    const phone = phoneOf(progress)
    await phone.submit(eventWith())
    holder = await progress.database.connect()
    await lockLogs([phone])
    void Promise.allSettled([phone.submit(eventWith())])
    const waits = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'progress' AND wait_event_type = 'Lock'`
    await eventually(async () => expect((await progress.database.query(waits)).rowCount).toBe(1))
    link.drop()
    await holder.query('ROLLBACK')
    holder.release()
    await progress.startAnother({ PROGRESS_DATABASE_URL: directUrl })
    // Some go to the lost one.
    const event = eventWith()
    const answer = await Promise.any(Array.from({ length: 20 }, () => phone.submit(event)))
    expect(receiptsOf([answer])).toMatchObject([{ seq: 2 }])
  })
})
