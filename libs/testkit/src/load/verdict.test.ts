import type { LoggedEvent, Receipt } from '@cairn/contracts'
import { expect, it } from 'vitest'
import { judge, type Judged } from './verdict.ts'

const logged = (seq: number): LoggedEvent => ({
  event_id: `event-${seq}`,
  track_id: 'track',
  item_id: 'item',
  kind: 'practiced',
  occurred_at: '2026-03-01T10:00:00.000Z',
  seq,
  received_at: '2026-03-01T10:00:01.000Z',
})
const log = [1, 2, 3, 4].map(logged)
const receiptsOf = (events: readonly LoggedEvent[], status: Receipt['status']): Judged['receipts'] =>
  new Map(events.map(({ event_id, seq }) => [event_id, [{ event_id, status, seq }]]))
const phoneWith = (receipts: Judged['receipts'], seen: readonly LoggedEvent[]): Judged => ({
  userId: 'user',
  seen,
  receipts,
  resets: 0,
})
const recordedBy = (phone: Judged): ReadonlyMap<Judged, ReadonlySet<string>> =>
  new Map([[phone, new Set(phone.receipts.keys())]])
const none = { missing: 0, twice: 0, outOfOrder: 0, unknown: 0, badReceipts: 0, lost: 0, resets: 0 }

it('finds no fault when everything acknowledged is in the log once and was handed over once', () => {
  const phone = phoneWith(receiptsOf(log, 'applied'), log)
  expect(judge([phone], new Map([['user', log]]), recordedBy(phone))).toEqual({ ...none, expected: 4 })
})

it.each(['applied', 'duplicate'] as const)('finds what was acknowledged as %s and is not in the log', status => {
  const kept = log.slice(0, 1)
  const phone = phoneWith(receiptsOf(log, status), kept)
  expect(judge([phone], new Map([['user', kept]]), recordedBy(phone))).toEqual({ ...none, expected: 1, lost: 3 })
})

it('finds what was acknowledged and is in the log twice', () => {
  const doubled = [...log, { ...logged(5), event_id: 'event-2' }]
  const phone = phoneWith(receiptsOf(log, 'applied'), log)
  expect(judge([phone], new Map([['user', doubled]]), recordedBy(phone))).toMatchObject({ lost: 1 })
})

it('looks for what was acknowledged also in a user without a log', () => {
  const phone = phoneWith(receiptsOf(log, 'applied'), [])
  expect(judge([phone], new Map(), new Map())).toMatchObject({ lost: 4, badReceipts: 0 })
})

it('does not expect what was rejected in the log, and calls its receipt bad', () => {
  const phone = phoneWith(receiptsOf(log, 'rejected'), [])
  expect(judge([phone], new Map(), recordedBy(phone))).toEqual({ ...none, expected: 0, badReceipts: 4 })
})
