// Receipts, heads, the snapshot and the pages of changes, as a phone sees them.
import { randomUUID } from 'node:crypto'
import { readHead, submitEvents } from '@cairn/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventWith, phoneOf, startProgressUnderTest, type ProgressUnderTest } from './running-progress.ts'

let progress: ProgressUnderTest
beforeAll(async () => {
  progress = await startProgressUnderTest()
})
afterAll(() => progress.stop())

const inFuture = (ms: number): string => new Date(Date.now() + ms).toISOString()

describe('a log', () => {
  it('has a head before its first event, the same epoch for everybody', async () => {
    const [one, other] = await Promise.all([phoneOf(progress).head(), phoneOf(progress).head()])
    expect(one.seq).toBe(0)
    expect(one).toEqual(other)
    const { head, ...rest } = await phoneOf(progress).snapshot()
    expect(head).toEqual(one)
    expect(rest).toEqual({
      totals: { tracks: 0, items: 0, completed_items: 0, points: 0, duration_ms: 0, event_count: 0, active_days: 0 },
      streak: { current: 0, longest: 0, last_day: null, valid_until: null },
      tracks: [],
      next_cursor: null,
    })
  })

  it('is nobody else’s', async () => {
    const [one, other] = [phoneOf(progress), phoneOf(progress)]
    const event = eventWith()
    await one.submit(event)
    expect((await other.head()).seq).toBe(0)
    expect((await other.submit(event)).results).toMatchObject([{ status: 'applied', seq: 1 }])
    await expect(progress.ask(readHead, {})).rejects.toMatchObject({ code: 'token_invalid' })
    await expect(progress.ask(readHead, {}, 'not-a-uuid')).rejects.toMatchObject({ code: 'token_invalid' })
  })
})

describe('receipts', () => {
  it('say what became of each event, in its place, and where the log ends', async () => {
    const phone = phoneOf(progress)
    const [first, second] = [eventWith(), eventWith({ item_id: 'other' })]
    const { results, head } = await phone.submit(
      first,
      { ...first, event_id: first.event_id.toUpperCase() },
      { ...first, points: 1 },
      eventWith({ occurred_at: inFuture(86_500_000) }),
      'nonsense',
      second,
    )
    expect(results).toMatchObject([
      { event_id: first.event_id, status: 'applied', seq: 1 },
      { event_id: first.event_id, status: 'duplicate', seq: 1 },
      { event_id: first.event_id, status: 'rejected', code: 'event_conflict' },
      { status: 'rejected', code: 'occurred_in_future' },
      { event_id: null, status: 'rejected', code: 'invalid_event', errors: [{ path: '' }] },
      { event_id: second.event_id, status: 'applied', seq: 2 },
    ])
    expect(head).toEqual({ ...(await phone.head()), seq: 2 })
  })

  it('are harmless to ask for again, for ever', async () => {
    const phone = phoneOf(progress)
    const events = Array.from({ length: 30 }, (_, n) => eventWith({ item_id: `i${n % 7}`, points: n }))
    await phone.submit(...events)
    const before = await phone.snapshot()
    const { results, head } = await phone.submit(...events.toReversed())
    expect(results.map(result => [result.status, result.seq])).toEqual(events.map((_, n) => ['duplicate', 30 - n]))
    expect(head.seq).toBe(30)
    expect(await phone.snapshot()).toEqual(before)
  })

  it('apply 499 of 500 when one is bad', async () => {
    const phone = phoneOf(progress)
    const events: unknown[] = Array.from({ length: 500 }, (_, n) => eventWith({ item_id: `item ${n}` }))
    events[250] = { ...eventWith(), percent: 101 }
    const { results, head } = await phone.submit(...events)
    expect(results.filter(result => result.status === 'applied')).toHaveLength(499)
    expect(results[250]).toMatchObject({ code: 'invalid_event', errors: [{ path: '/percent' }] })
    expect(results[499]?.seq).toBe(499)
    expect(head.seq).toBe(499)
    expect((await phone.snapshot()).totals).toMatchObject({ items: 499, tracks: 1, active_days: 1 })
  })

  it('come also when all are rejected; no array, none and 501 are refused', async () => {
    const phone = phoneOf(progress)
    const { results, head } = await phone.submit({}, 7)
    expect(results.map(result => result.status)).toEqual(['rejected', 'rejected'])
    expect(head.seq).toBe(0)
    for (const events of [[], Array.from({ length: 501 }, () => eventWith()), 'x']) {
      const asked = progress.ask(submitEvents, { events: events as unknown[] }, phone.userId)
      await expect(asked).rejects.toMatchObject({ code: 'invalid_request' })
    }
  })

  it('keep values to the last bit, and ids of 128 code points with whatever is allowed in them', async () => {
    const phone = phoneOf(progress)
    const name = '\u{1F600}"\\,{}\'ü NULL'.padEnd(128, '\u{10FFFF}').slice(0, 128).toWellFormed()
    const sent = eventWith({
      track_id: name,
      item_id: 'NULL',
      percent: 0.1 + 0.2,
      score: -999_999_999_999.99,
      points: 1_000_000_000,
      duration_ms: 2_592_000_000,
      occurred_at: '2024-02-29T23:59:59.001-18:00',
    })
    await phone.submit(sent)
    const page = await phone.changes({ since: 0 })
    expect(page.events).toMatchObject([{ ...sent, seq: 1 }])
    expect(page.items).toMatchObject([
      {
        track_id: name,
        item_id: 'NULL',
        percent: sent.percent,
        best_score: sent.score,
        last_at: '2024-03-01T17:59:59.001Z',
      },
    ])
    expect(page.tracks).toMatchObject([{ track_id: name, points: 1_000_000_000 }])
  })

  it('hold for ids that differ in case, by blanks or by normal form', async () => {
    const phone = phoneOf(progress)
    const names = ['a', 'A', 'a ', '\u00e4', 'a\u0308']
    await phone.submit(...names.map(item_id => eventWith({ item_id })))
    expect((await phone.snapshot()).totals.items).toBe(names.length)
  })
})

describe('a page of changes', () => {
  it('holds the events after a position and the present state of what they touched', async () => {
    const phone = phoneOf(progress)
    await phone.submit(eventWith({ item_id: 'a', points: 1 }), eventWith({ item_id: 'b', points: 2 }))
    const { head } = await phone.submit(eventWith({ item_id: 'a', points: 4, kind: 'completed' }))
    const page = await phone.changes({ since: 1, epoch: head.epoch, limit: 1 })
    expect(page).toMatchObject({ epoch: head.epoch, from_seq: 2, to_seq: 2, head, has_more: true })
    expect(page.items).toMatchObject([{ item_id: 'b', points: 2 }])
    expect(page.tracks).toMatchObject([{ track_id: 'course', items: 2, completed_items: 1, points: 7 }])
    const first = await phone.changes({ since: 0, limit: 1 })
    expect(first.items).toMatchObject([{ item_id: 'a', points: 5, status: 'completed' }])
    const last = await phone.changes({ since: 2, epoch: head.epoch })
    expect(last).toMatchObject({ from_seq: 3, to_seq: 3, has_more: false })
    const none = await phone.changes({ since: 3, epoch: head.epoch })
    expect(none).toMatchObject({ from_seq: 4, to_seq: 3, events: [], items: [], tracks: [], has_more: false, head })
    expect(none.totals).toEqual((await phone.snapshot()).totals)
  })

  it('has 200 events by default, at most 1 000, at most 256 KiB, and pages are without a gap', async () => {
    const phone = phoneOf(progress)
    const long = '\u{1F600}'.repeat(120)
    for (let batch = 0; batch < 3; batch += 1) {
      await phone.submit(...Array.from({ length: 500 }, (_, n) => eventWith({ item_id: `${batch}-${n}` })))
    }
    await phone.submit(...Array.from({ length: 200 }, (_, n) => eventWith({ track_id: `${long}${n}`, item_id: long })))
    expect((await phone.changes({ since: 0 })).to_seq).toBe(200)
    const whole = await phone.changes({ since: 0, limit: 5_000 })
    expect(whole.to_seq).toBeLessThanOrEqual(1_000)
    const { epoch } = whole
    const seqs: number[] = []
    for (let since = 0, more = true; more;) {
      const page = await phone.changes({ since, epoch, limit: 1_000 })
      expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(262_144)
      expect(page.from_seq).toBe(since + 1)
      seqs.push(...page.events.map(event => event.seq))
      since = page.to_seq
      more = page.has_more
    }
    expect(seqs).toEqual(Array.from({ length: 1_700 }, (_, n) => n + 1))
  })

  it('is refused where the position is not one of this log', async () => {
    const phone = phoneOf(progress)
    const { head } = await phone.submit(eventWith())
    await expect(phone.changes({ since: 2, epoch: head.epoch })).rejects.toMatchObject({ code: 'resync_required' })
    await expect(phone.changes({ since: 0, epoch: 'other' })).rejects.toMatchObject({ code: 'resync_required' })
    await expect(phone.changes({ since: 1 })).rejects.toMatchObject({
      code: 'invalid_request',
      errors: [{ path: '/epoch' }],
    })
    for (const bad of [{ since: -1 }, { since: 0.5 }, { since: 0, limit: 0 }]) {
      await expect(phone.changes(bad)).rejects.toMatchObject({ code: 'invalid_request' })
    }
    await expect(phone.changes({ since: 0, time_zone: 'Mars/Olympus' })).rejects.toMatchObject({
      code: 'invalid_request',
      errors: [{ path: '/time_zone' }],
    })
  })
})

describe('the snapshot', () => {
  it('lists the 1 000 tracks last touched and where the rest begins', async () => {
    const phone = phoneOf(progress)
    for (let batch = 0; batch < 3; batch += 1) {
      await phone.submit(...Array.from({ length: 400 }, (_, n) => eventWith({ track_id: `t${batch * 400 + n}` })))
    }
    await phone.submit(eventWith({ track_id: 't0' }))
    const { tracks, next_cursor: cursor, totals } = await phone.snapshot()
    expect(tracks).toHaveLength(1_000)
    expect(tracks[0]?.track_id).toBe('t0')
    expect(tracks.at(-1)?.track_id).toBe('t201')
    expect(cursor).toEqual(expect.any(String))
    expect(totals.tracks).toBe(1_200)
  })

  it('has the streak as of today in the zone asked for', async () => {
    const phone = phoneOf(progress)
    const day = 86_400_000
    const now = Date.now()
    const at = (ms: number): string => new Date(ms).toISOString()
    await phone.submit(
      eventWith({ occurred_at: at(now - day) }),
      eventWith({ occurred_at: at(now) }),
      eventWith({ occurred_at: at(now - 30 * day) }),
    )
    const { streak } = await phone.snapshot('UTC')
    expect(streak).toMatchObject({ current: 2, longest: 2 })
    expect(streak.valid_until).toBe(at(Date.parse(streak.last_day as string) + day).slice(0, 10))
    await expect(phone.snapshot('Nowhere/At_All')).rejects.toMatchObject({
      code: 'invalid_request',
      errors: [{ path: '/time_zone' }],
    })
  })

  it('shows a cleared item’s track with nothing in it, and keeps the days', async () => {
    const phone = phoneOf(progress)
    await phone.submit(eventWith({ points: 5, kind: 'completed' }), eventWith({ kind: 'reset' }))
    const { tracks, totals } = await phone.snapshot()
    expect(tracks).toEqual([
      { track_id: 'course', items: 0, completed_items: 0, points: 0, duration_ms: 0, event_count: 0, last_at: null },
    ])
    expect(totals).toMatchObject({ tracks: 0, items: 0, points: 0, event_count: 0, active_days: 1 })
    const { items } = await phone.changes({ since: 0 })
    expect(items).toMatchObject([{ status: 'not_started', percent: 0, first_at: null }])
  })
})

it('takes a user id in any case as the same user', async () => {
  const userId = randomUUID()
  await phoneOf(progress, userId.toUpperCase()).submit(eventWith())
  expect((await phoneOf(progress, userId).head()).seq).toBe(1)
})
