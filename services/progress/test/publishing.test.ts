// What commits put into the outbox reaches the stream: each at least once, in order, soon, and then the outbox is empty.
import { subscribe } from '@cairn/bus'
import { header, logAdvancedSubject, type ChangesPage } from '@cairn/contracts'
import { continueTrace, runInRequest } from '@cairn/runtime'
import { eventually, provisionNats } from '@cairn/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventWith, phoneOf, startProgressUnderTest, type ProgressUnderTest } from './running-progress.ts'

let progress: ProgressUnderTest
beforeAll(async () => {
  progress = await startProgressUnderTest({ PROGRESS_OUTBOX_POLL_MS: '60000' })
})
afterAll(() => progress.stop())

const outboxRows = async (): Promise<number> =>
  Number((await progress.database.query('SELECT count(*) AS n FROM progress.outbox')).rows[0].n)

const streamApi = async <T>(verb: string): Promise<T> =>
  (await progress.bus.nats.request(`$JS.API.STREAM.${verb}.progress_log`, '', { timeout: 2_000 })).json<T>()
const stored = async (): Promise<number> => (await streamApi<{ state: { messages: number } }>('INFO')).state.messages

const listenTo = (userId: string) => {
  const pages: ChangesPage[] = []
  subscribe(progress.bus, logAdvancedSubject(userId), message => pages.push(message.json() as ChangesPage))
  return pages
}

describe('a commit', () => {
  it('is published as one page of changes, without waiting for a poll', async () => {
    const phone = phoneOf(progress)
    const pages = listenTo(phone.userId)
    await progress.bus.nats.flush()
    const event = eventWith({ points: 3 })
    const { head } = await phone.submit(event, eventWith({ item_id: 'other' }))
    await eventually(() => expect(pages).toHaveLength(1), 3_000)
    expect(pages[0]).toEqual(await phone.changes({ since: 0 }))
    expect(pages[0]).toMatchObject({ from_seq: 1, to_seq: 2, head, has_more: false, events: [event, {}] })
    await eventually(async () => expect(await outboxRows()).toBe(0))
  })

  it('of duplicates only publishes nothing', async () => {
    const phone = phoneOf(progress)
    const event = eventWith()
    await phone.submit(event)
    await eventually(async () => expect(await outboxRows()).toBe(0))
    const before = await stored()
    await phone.submit(event)
    await phone.submit(eventWith())
    await eventually(async () => expect(await stored()).toBe(before + 1))
  })

  it('that is big is published as several pages, in order and without a gap', async () => {
    const phone = phoneOf(progress)
    const pages = listenTo(phone.userId)
    await progress.bus.nats.flush()
    const long = '\u{1F600}'.repeat(120)
    await phone.submit(...Array.from({ length: 300 }, (_, n) => eventWith({ track_id: `${long}${n}`, item_id: long })))
    await eventually(() => expect(pages.at(-1)?.to_seq).toBe(300))
    expect(pages.length).toBeGreaterThan(1)
    expect(pages.flatMap(page => page.events.map(event => event.seq))).toEqual(
      Array.from({ length: 300 }, (_, n) => n + 1),
    )
    for (const page of pages) expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(262_144)
  })
})

describe('the relay', () => {
  it('publishes as part of the request that committed, whichever instance did', async () => {
    const another = await progress.startAnother()
    const phones = Array.from({ length: 12 }, (_, n) => ({
      phone: phoneOf(progress),
      request: { requestId: `request-of-phone-${n}`, trace: { ...continueTrace(), state: `vendor=${n},other=a b` } },
    }))
    const heard = new Map<string, (string | undefined)[]>()
    for (const { phone } of phones) {
      progress.bus.nats.subscribe(logAdvancedSubject(phone.userId), {
        callback: (_error, { headers }) => {
          const { traceId } = continueTrace(headers?.get(header.traceparent))
          heard.set(phone.userId, [headers?.get(header.requestId), traceId, headers?.get(header.tracestate)])
        },
      })
    }
    await progress.bus.nats.flush()
    await Promise.all(phones.map(({ phone, request }) => runInRequest(request, async () => phone.submit(eventWith()))))
    await eventually(() => expect(heard.size).toBe(phones.length))
    for (const { phone, request } of phones) {
      const { traceId, state } = request.trace
      expect(heard.get(phone.userId)).toEqual([request.requestId, traceId, state])
    }
    await another.stop()
  })

  it('stores each once, and publishes in every user’s order, while two instances work and one of them stops', async () => {
    const another = await progress.startAnother()
    const phones = Array.from({ length: 8 }, () => phoneOf(progress))
    const heard = phones.map(phone => listenTo(phone.userId))
    await progress.bus.nats.flush()
    const before = await stored()
    for (let round = 0; round < 6; round += 1) {
      await Promise.all(phones.map(phone => phone.submit(eventWith())))
      if (round === 3) await another.stop()
    }
    await eventually(() => {
      for (const pages of heard) expect(new Set(pages.map(page => page.to_seq)).size).toBe(6)
    })
    for (const pages of heard) {
      const seqs = pages.map(page => page.to_seq)
      expect(seqs).toEqual(seqs.toSorted((one, other) => one - other))
    }
    await eventually(async () => expect(await outboxRows()).toBe(0))
    expect(await stored()).toBe(before + 6 * phones.length)
  })

  it('goes on with other users’ changes behind rows that JetStream never takes, and keeps those', async () => {
    const stuck = phoneOf(progress)
    const insert = 'INSERT INTO progress.outbox (subject, message_id, payload)'
    await progress.database.query(
      `${insert} SELECT 'not a subject ' || n, n::text, '{}' FROM generate_series(1, 150) n`,
    )
    await progress.database.query(`${insert} SELECT 'no.stream.' || n, n::text, '{}' FROM generate_series(1, 20) n`)
    await progress.database.query(`${insert} VALUES ($1, 'too-big', repeat('x', 3000000))`, [
      logAdvancedSubject(stuck.userId),
    ])
    const phone = phoneOf(progress)
    const [pages, stuckPages] = [listenTo(phone.userId), listenTo(stuck.userId)]
    await progress.bus.nats.flush()
    await stuck.submit(eventWith())
    await phone.submit(eventWith())
    await eventually(() => expect(pages).toHaveLength(1))
    await phone.submit(eventWith())
    await eventually(() => expect(pages.map(page => page.to_seq)).toEqual([1, 2]))
    await eventually(async () => expect(await outboxRows()).toBe(172))
    expect(stuckPages).toEqual([])
    await progress.database.query(`DELETE FROM progress.outbox WHERE message_id = 'too-big' OR subject !~ '^event'`)
    await eventually(() => expect(stuckPages.map(page => page.to_seq)).toEqual([1]))
    await eventually(async () => expect(await outboxRows()).toBe(0))
  })

  it('keeps everything while the stream is missing, says what makes it, and goes on once that was done', async () => {
    await streamApi('DELETE')
    const phone = phoneOf(progress)
    await phone.submit(eventWith())
    await phone.submit(eventWith())
    const missing = 'it waits in the outbox: the stream progress_log is missing: npm run migrate makes it'
    await eventually(() => expect(progress.logs.lines.join()).toContain(missing), 10_000)
    expect(await outboxRows()).toBe(2)
    expect(await phone.head()).toMatchObject({ seq: 2 })
    await provisionNats(progress.natsUrl)
    await eventually(async () => expect(await stored()).toBe(2), 10_000)
    await eventually(async () => expect(await outboxRows()).toBe(0))
  }, 30_000)
})

it('what is committed while the service stops is published before it is gone', async () => {
  const phone = phoneOf(progress)
  for (const event of [eventWith(), eventWith()]) await phone.submit(event)
  await eventually(async () => expect(await outboxRows()).toBe(0))
  const other = await progress.database.connect()
  await other.query('BEGIN')
  await other.query('SELECT FROM progress.heads WHERE user_id = $1 FOR UPDATE', [phone.userId])
  const answer = phone.submit(eventWith())
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  await eventually(async () => expect((await progress.database.query(waiting)).rowCount).toBe(1))
  const stopped = progress.stopService()
  await eventually(() => expect(phoneOf(progress).snapshot()).rejects.toMatchObject({ code: 'unavailable' }))
  await other.query('COMMIT')
  other.release()
  expect((await answer).head.seq).toBe(3)
  await stopped
  expect(await outboxRows()).toBe(0)
})
