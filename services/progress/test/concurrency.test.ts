// Many clients at once, over two instances of the service on one database: no event lost, none twice, `seq` dense.
import { randomUUID } from 'node:crypto'
import { toCairnError, type SubmitResult } from '@cairn/contracts'
import { eventually, ownMs } from '@cairn/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectedState } from './expected-state.ts'
import {
  eventWith,
  phoneOf,
  startProgressUnderTest,
  type ProgressUnderTest,
  type SentEvent,
} from './running-progress.ts'

type Phone = ReturnType<typeof phoneOf>

let progress: ProgressUnderTest
beforeAll(async () => {
  progress = await startProgressUnderTest({ PROGRESS_MAX_GROUPS_IN_FLIGHT: '4' })
  await progress.startAnother()
})
afterAll(() => progress.stop())

const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1)

/** Few items, so that clients meet on them; a reset among each client's events. */
const manyEvents = (count: number, salt: number): SentEvent[] =>
  Array.from({ length: count }, (_, n) => {
    const [day, hour] = [String(1 + ((n * 7 + salt) % 28)).padStart(2, '0'), String((n + salt) % 24).padStart(2, '0')]
    return eventWith({
      item_id: `i${(salt + n) % 5}`,
      occurred_at: `2024-02-${day}T${hour}:00:00.000Z`,
      ...(n === 5 ? { kind: 'reset' } : { points: n, percent: n }),
    })
  })

/** Without the lock of the head two groups would take the same seq; the key of the log would stop one, and that is logged. */
const groupFailures = (): string[] => progress.logs.lines.filter(line => line.includes('a group failed'))

/** Events of requests that were answered 503: they may have been applied all the same. */
const unanswered = new Set<string>()

/** As a phone does it: what was answered 503, by a machine that stood still, is sent again. */
const submitted = async (phone: Phone, events: readonly SentEvent[], attemptsLeft = 10): Promise<SubmitResult> => {
  try {
    return await phone.submit(...events)
  } catch (error) {
    if (attemptsLeft <= 1 || toCairnError(error).code !== 'unavailable') throw error
    for (const { event_id: id } of events) unanswered.add(id)
    return submitted(phone, events, attemptsLeft - 1)
  }
}

/** What went out of each user's clients, and what came back for it. */
const expectOneLog = async (phone: Phone, sent: readonly SentEvent[], answers: readonly SubmitResult[]) => {
  const seqs = new Map<string, Set<number | undefined>>()
  for (const { results, head } of answers) {
    for (const { event_id: id, seq } of results) seqs.set(id as string, (seqs.get(id as string) ?? new Set()).add(seq))
    expect(head.seq).toBeGreaterThanOrEqual(Math.max(...results.map(result => result.seq ?? 0)))
  }
  const { rows } = await progress.database.query<{ event_id: string; seq: string }>(
    'SELECT event_id, seq FROM progress.events WHERE user_id = $1 ORDER BY seq',
    [phone.userId],
  )
  expect(rows.map(row => Number(row.seq))).toEqual(upTo(sent.length))
  // Each receipt of an event, whichever client and attempt it went to, named the one seq it has.
  expect(seqs).toEqual(new Map(rows.map(row => [row.event_id, new Set([Number(row.seq)])])))
  expect(new Set(seqs.keys())).toEqual(new Set(sent.map(event => event.event_id)))
  const receipts = answers.flatMap(answer => answer.results)
  const applied = receipts.filter(({ status }) => status === 'applied').map(receipt => receipt.event_id as string)
  const untold = sent.map(event => event.event_id).filter(id => unanswered.has(id) && !applied.includes(id))
  expect([...applied, ...untold].toSorted()).toEqual(sent.map(event => event.event_id).toSorted())
  const { totals } = await phone.snapshot()
  expect(totals).toEqual(expectedState(sent).totals)
}

describe('clients at once', () => {
  it('50 of one user, each sending batch after batch, everything twice', async () => {
    const phone = phoneOf(progress)
    const answers: SubmitResult[] = []
    const client = async (events: readonly SentEvent[]): Promise<void> => {
      for (let from = 0; from < events.length; from += 4) {
        const batch = events.slice(from, from + 4)
        answers.push(...(await Promise.all([submitted(phone, batch), submitted(phone, batch.toReversed())])))
      }
    }
    const ofClients = Array.from({ length: 50 }, (_, n) => manyEvents(16, n))
    await Promise.all(ofClients.map(client))
    await expectOneLog(phone, ofClients.flat(), answers)
    expect(groupFailures()).toEqual([])
  })

  it('500 of 100 users, five devices of each sending the same in another order', async () => {
    const users = Array.from({ length: 100 }, (_, n) => {
      return { phone: phoneOf(progress), events: manyEvents(12, n), answers: [] as SubmitResult[] }
    })
    const device = async ({ phone, events, answers }: (typeof users)[number], turn: number): Promise<void> => {
      const own = [...events.slice(2 * turn), ...events.slice(0, 2 * turn)]
      for (let from = 0; from < own.length; from += 4) answers.push(await submitted(phone, own.slice(from, from + 4)))
    }
    const begunAt = performance.now()
    await Promise.all(users.flatMap(user => [0, 1, 2, 3, 4].map(turn => device(user, turn))))
    expect(performance.now() - begunAt).toBeLessThan(20_000)
    for (const { phone, events, answers } of users) await expectOneLog(phone, events, answers)
    expect(groupFailures()).toEqual([])
  }, 40_000)

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

it('a log that somebody else has locked holds up nobody else for long, on either instance', async () => {
  const [held, ...others] = Array.from({ length: 41 }, () => phoneOf(progress)) as [Phone, ...Phone[]]
  await Promise.all([held, ...others].map(phone => phone.submit(eventWith())))
  const holder = await progress.database.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT 1 FROM progress.heads WHERE user_id = $1 FOR UPDATE', [held.userId])
  const event = eventWith()
  const waiting = Promise.allSettled([held.submit(event)])
  const answering = Promise.all(others.map(phone => phone.submit(eventWith())))
  const tookMs = await ownMs(() => answering)
  const answers = await answering
  const [refused] = await waiting
  await holder.query('ROLLBACK')
  holder.release()
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
  for (const answer of answers) expect(answer).toMatchObject({ results: [{ status: 'applied' }] })
  expect(tookMs).toBeLessThan(1_500)
  expect((await held.submit(event)).results).toMatchObject([{ status: 'applied', seq: 2 }])
})

it('none of it was a deadlock', async () => {
  const others = 'datname = current_database() AND pid <> pg_backend_pid()'
  // A session tells what it has counted when it ends.
  await eventually(async () => {
    await progress.database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`)
    const { rows } = await progress.database.query(
      'SELECT deadlocks::int, xact_commit::int AS commits FROM pg_stat_database WHERE datname = current_database()',
    )
    expect(rows[0].commits).toBeGreaterThan(100)
    expect(rows[0].deadlocks).toBe(0)
  })
})
