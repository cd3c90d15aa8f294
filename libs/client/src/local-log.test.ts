// One `apply` for pages from everywhere: each event reaches the app once and in order, however pages come.
import type { ChangesPage, Item, LoggedEvent } from '@cairn/contracts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LocalLog } from './local-log.ts'

const epoch = 'e'
const instant = '2026-01-01T00:00:00.000Z'

const event = (seq: number): LoggedEvent => ({
  seq,
  received_at: instant,
  event_id: `00000000-0000-4000-8000-${String(seq).padStart(12, '0')}`,
  track_id: 't',
  item_id: `i${seq % 3}`,
  kind: 'practiced',
  occurred_at: instant,
})

const item = (item_id: string, event_count: number): Item => ({
  track_id: 't',
  item_id,
  status: 'in_progress',
  percent: 0,
  best_score: null,
  points: 0,
  duration_ms: 0,
  event_count,
  first_at: instant,
  last_at: instant,
  completed_at: null,
})

/** What the server would say with `to` events in the log; the state of an item is the number of its events. */
const page = (from: number, to: number, of = epoch): ChangesPage => {
  const seqs = Array.from({ length: Math.max(to - from + 1, 0) }, (_, index) => from + index)
  const touched = [...new Set(seqs.map(seq => seq % 3))]
  return {
    epoch: of,
    from_seq: from,
    to_seq: to,
    events: seqs.map(event),
    items: touched.map(rest => item(`i${rest}`, Math.floor((to - rest) / 3) + (rest === 0 ? 0 : 1))),
    tracks: [],
    totals: { tracks: 1, items: 3, completed_items: 0, points: 0, duration_ms: 0, event_count: to, active_days: 1 },
    streak: { current: 1, longest: 1, last_day: '2026-01-01', valid_until: '2026-01-02' },
    head: { epoch: of, seq: to },
    has_more: false,
  }
}

describe('LocalLog', () => {
  it('takes what continues it, knows what it has, and says what is missing', () => {
    const log = new LocalLog()
    expect(log.apply(page(1, 0))).toBe('applied')
    expect(log.head).toEqual({ epoch, seq: 0 })
    expect(log.apply(page(1, 2))).toBe('applied')
    expect(log.apply(page(1, 2))).toBe('known')
    expect(log.apply(page(3, 2))).toBe('known')
    expect(log.apply(page(4, 5))).toBe('gap')
    expect(log.apply(page(3, 3, 'other'))).toBe('other_epoch')
    expect(log.head).toEqual({ epoch, seq: 2 })
    expect(log.totals?.event_count).toBe(2)
  })

  it('forgets everything on reset', () => {
    const told: string[] = []
    const log = new LocalLog({ onReset: () => told.push('reset') })
    log.apply(page(1, 2))
    log.reset()
    expect([log.head, log.items, log.totals, log.streak, told]).toEqual([
      undefined,
      [],
      undefined,
      undefined,
      ['reset'],
    ])
    expect(log.apply(page(1, 1, 'other'))).toBe('applied')
  })

  it('ends with the same state, every event seen once, whatever pages come in whatever order', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 5 }))
    fc.assert(
      fc.property(fc.array(range, { maxLength: 30 }), ranges => {
        const seen: number[] = []
        const log = new LocalLog({ onEvents: events => seen.push(...events.map(({ seq }) => seq)) })
        for (const [from, length] of ranges) log.apply(page(from, Math.min(from + length - 1, 12)))
        log.apply(page((log.head?.seq ?? 0) + 1, 12))
        expect(seen).toEqual(Array.from({ length: 12 }, (_, index) => index + 1))
        const counts = Object.fromEntries(log.items.map(({ item_id, event_count }) => [item_id, event_count]))
        expect(counts).toEqual({ i0: 4, i1: 4, i2: 4 })
      }),
    )
  })
})
