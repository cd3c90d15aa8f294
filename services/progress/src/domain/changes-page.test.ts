import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assemblePage, assemblePages, maxPageBytes, type CurrentState } from './changes-page.ts'
import { emptyItem } from './item.ts'
import type { AppliedEvent } from './progress-event.ts'
import { emptyTrack } from './track.ts'

const event = (seq: number, name = 'i'): AppliedEvent => ({
  eventId: '00000000-0000-4000-8000-000000000000',
  trackId: name,
  itemId: name,
  kind: 'practiced',
  occurredAtMs: 0,
  offsetMinutes: -90,
  percent: 99.123_456_789_012_34,
  score: -999_999_999_999.123,
  points: 1_000_000_000,
  durationMs: 2_592_000_000,
  seq,
  receivedAtMs: 0,
})
const current = (seq: number): CurrentState => ({
  itemOf: emptyItem,
  trackOf: emptyTrack,
  totals: { tracks: 0, items: 0, completed_items: 0, points: 0, duration_ms: 0, event_count: 0, active_days: 0 },
  streak: { current: 0, longest: 0, last_day: null, valid_until: null },
  head: { epoch: 'e'.repeat(64), seq },
})
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))
/** Names that differ, of 128 code points of four bytes each. */
const longName = (n: number): string => `${'\u{1F600}'.repeat(120)}${String(n).padStart(8, '0')}`

describe('a changes page', () => {
  it('ends at its position when there is nothing', () => {
    const page = assemblePage(7, [], current(7))
    expect(page).toMatchObject({ from_seq: 8, to_seq: 7, events: [], items: [], tracks: [], has_more: false })
  })

  it('ends at the head when the end of the log is missing', () => {
    expect(assemblePage(5, [], current(7))).toMatchObject({ from_seq: 6, to_seq: 7, events: [], has_more: false })
  })

  it('has each touched item and track once', () => {
    const page = assemblePage(0, [event(1, 'a'), event(2, 'b'), event(3, 'a')], current(3))
    expect(page.items.map(item => item.item_id)).toEqual(['a', 'b'])
    expect(page.tracks.map(track => track.track_id)).toEqual(['a', 'b'])
    expect(page.events[0]).toMatchObject({ occurred_at: '1969-12-31T22:30:00.000-01:30', seq: 1 })
    expect(page.has_more).toBe(false)
  })

  it('says when the log goes on behind it', () => {
    expect(assemblePage(0, [event(1)], current(2)).has_more).toBe(true)
  })

  it('ends at 256 KiB, and the pages of a commit hold all of it in order', () => {
    const events = Array.from({ length: 500 }, (_, n) => event(n + 1, longName(n)))
    const pages = assemblePages(events, current(500))
    expect(pages.length).toBeGreaterThan(1)
    for (const page of pages) expect(bytesOf(page)).toBeLessThanOrEqual(maxPageBytes)
    expect(pages.flatMap(page => page.events.map(one => one.seq))).toEqual(events.map(one => one.seq))
    expect(pages.map(page => page.has_more)).toEqual(pages.map((_, index) => index < pages.length - 1))
    expect(pages.slice(1).map(page => page.from_seq)).toEqual(pages.slice(0, -1).map(page => page.to_seq + 1))
    expect(bytesOf(pages[0])).toBeGreaterThan(maxPageBytes * 0.95)
  })

  it('is never longer than that, however long the ids are and whatever has to be escaped in them', () => {
    const character = fc.constantFrom('a', '"', '\\', 'ü', '\u{1F600}')
    const name = fc.array(character, { minLength: 1, maxLength: 128 }).map(parts => parts.join(''))
    const names = fc.array(name, { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 12 }), (some, times) => {
        const events = Array.from({ length: some.length * times }, (_, n) => event(n + 1, some[n % some.length]))
        for (const page of assemblePages(events, current(events.length))) {
          expect(bytesOf(page)).toBeLessThanOrEqual(maxPageBytes)
        }
      }),
      { numRuns: 40 },
    )
  })
})
