// Tracks, the items of a track, and days: complete over all pages, and refused where they are asked for in a wrong way.
import { readDays, readTrack, readTracks, type Item, type Track } from '@cairn/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventWith, phoneOf, startProgressUnderTest, type ProgressUnderTest } from './running-progress.ts'

let progress: ProgressUnderTest
const phone = () => phoneOf(progress)
beforeAll(async () => {
  progress = await startProgressUnderTest()
})
afterAll(() => progress.stop())

describe('tracks', () => {
  it('come last touched first, every one once over all pages, and after the snapshot’s cursor too', async () => {
    const { userId, submit } = phone()
    await submit(...['a', 'b', 'c', 'd', 'e'].map(track_id => eventWith({ track_id })))
    await submit(eventWith({ track_id: 'b', points: 7 }))
    const seen: Track[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await progress.ask(readTracks, { limit: 2, ...(cursor === undefined ? {} : { cursor }) }, userId)
      expect(page.tracks.length).toBeLessThanOrEqual(2)
      seen.push(...page.tracks)
      cursor = page.next_cursor
    }
    expect(seen.map(track => track.track_id)).toEqual(['b', 'e', 'd', 'c', 'a'])
    expect(seen[0]).toMatchObject({ points: 7, event_count: 2 })
    const bad = progress.ask(readTracks, { cursor: 'made-up' }, userId)
    await expect(bad).rejects.toMatchObject({ code: 'invalid_request', errors: [{ path: '/cursor' }] })
  })
})

describe('a track', () => {
  it('has its items in byte order, every one once over all pages', async () => {
    const { userId, submit } = phone()
    const names = ['a', 'Z', 'a ', 'é', 'e\u0301', '\u{1F600}', '\uffee', '"', "'"]
    await submit(...names.map(item_id => eventWith({ item_id })), eventWith({ track_id: 'other' }))
    const seen: Item[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const wanted = { track_id: 'course', limit: 4, ...(cursor === undefined ? {} : { cursor }) }
      const page = await progress.ask(readTrack, wanted, userId)
      expect(page.track).toMatchObject({ track_id: 'course', items: names.length })
      seen.push(...page.items)
      cursor = page.next_cursor
    }
    const inByteOrder = names.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
    expect(seen.map(item => item.item_id)).toEqual(inByteOrder)
  })

  it.each(['unknown', 'nul\0', '\ud800', '', 'x'.repeat(129)])('%j is not found', async track_id => {
    const asked = progress.ask(readTrack, { track_id }, phone().userId)
    await expect(asked).rejects.toMatchObject({ code: 'not_found' })
  })

  it('takes only cursors that it gave', async () => {
    const { userId, submit } = phone()
    await submit(eventWith())
    for (const cursor of ['made-up', Buffer.from('after:\0').toString('base64url')]) {
      const asked = progress.ask(readTrack, { track_id: 'course', cursor }, userId)
      await expect(asked).rejects.toMatchObject({ code: 'invalid_request', errors: [{ path: '/cursor' }] })
    }
  })
})

describe('days', () => {
  it('are the active ones of the dates asked for, by local date, also what was reset', async () => {
    const { userId, submit } = phone()
    await submit(
      eventWith({ occurred_at: '2024-02-28T23:00:00-08:00', points: 1, duration_ms: 5 }),
      eventWith({ occurred_at: '2024-02-28T01:00:00+14:00', points: 2 }),
      eventWith({ occurred_at: '2024-02-29T12:00:00Z', points: 4 }),
      eventWith({ occurred_at: '2024-03-02T12:00:00Z', points: 8 }),
      eventWith({ occurred_at: '2024-03-01T12:00:00Z', kind: 'reset' }),
    )
    const { days } = await progress.ask(readDays, { from: '2024-02-28', to: '2024-03-01' }, userId)
    expect(days).toEqual([
      { date: '2024-02-28', events: 2, points: 3, duration_ms: 5 },
      { date: '2024-02-29', events: 1, points: 4, duration_ms: 0 },
    ])
    expect(await progress.ask(readDays, { from: '0000-01-01', to: '0000-12-31' }, userId)).toEqual({ days: [] })
  })

  it.each([
    [{ from: '2024-02-30', to: '2024-03-01' }, '/from'],
    [{ from: '2024-02-01', to: '2024-13-01' }, '/to'],
    [{ from: '2024-02-02', to: '2024-02-01' }, '/to'],
    [{ from: '2024-01-01', to: '2025-02-04' }, '/to'],
    [{ from: 'yesterday', to: '2025-02-04' }, '/from'],
  ])('of %j are refused for %s', async (wanted, path) => {
    const asked = progress.ask(readDays, wanted, phone().userId)
    await expect(asked).rejects.toMatchObject({ code: 'invalid_request', errors: [{ path }] })
  })

  it('may be 400', async () => {
    const wanted = { from: '2024-01-01', to: '2025-02-03' }
    expect(await progress.ask(readDays, wanted, phone().userId)).toEqual({ days: [] })
  })
})
