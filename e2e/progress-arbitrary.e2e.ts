// Anything at all sent as events: an answer that is no fault of ours, a receipt for each in its place, and a log that has grown
// by exactly what was applied.
import type { ChangesPage, Receipt, Snapshot } from '@cairn/contracts'
import { startStack, type Stack } from '@cairn/testkit/stack'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { faultsOfOurs } from './progress/faults-of-ours.ts'
import { newPhone, type Phone } from './progress/phone.ts'

let stack: Stack
let phone: Phone
beforeAll(async () => {
  stack = await startStack()
  phone = await newPhone(stack)
})
afterAll(() => stack.stop())

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 140 }),
  fc.constantFrom(
    '',
    '\0',
    '\ud800',
    '\udc00a',
    '__proto__',
    '\u{1F600}'.repeat(128),
    'a'.repeat(129),
    '\u2028',
    '\ufeff',
  ),
)
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 1e308, 5e-324, 2 ** 53, -1e12, 100, 1e9))
const anything = fc.oneof(text, number, fc.boolean(), fc.constant(null), fc.jsonValue({ maxDepth: 3 }))

/** Few, so that they meet again: in either case, and some that are none. */
const anyId = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.integer({ min: 0, max: 30 }).map(n => `018f3c6e-7b1a-7c3d-8e9f-${String(n).padStart(12, '0')}`),
  },
  { weight: 2, arbitrary: fc.uuid().map(id => id.toUpperCase()) },
  { weight: 1, arbitrary: anything },
)
const anyTime = fc.oneof(
  fc.constantFrom(
    '2024-02-29T12:00:00Z',
    '2024-02-29T12:00:00.000+05:45',
    '1970-01-01T00:00:00-18:00',
    '2024-02-29T23:59:60Z',
  ),
  fc.date({ noInvalidDate: true }).map(date => date.toISOString()),
)
/** What is sound often enough to be applied, with a field now and then that is not. */
const nearlyAnEvent = fc.record(
  {
    event_id: anyId,
    track_id: fc.oneof({ weight: 5, arbitrary: fc.constantFrom('a', 'b') }, { weight: 1, arbitrary: anything }),
    item_id: fc.oneof({ weight: 5, arbitrary: fc.constantFrom('x', 'y') }, { weight: 1, arbitrary: text }),
    kind: fc.constantFrom('started', 'advanced', 'completed', 'practiced', 'reset'),
    occurred_at: fc.oneof({ weight: 5, arbitrary: anyTime }, { weight: 1, arbitrary: anything }),
    percent: fc.oneof(number, anything),
    score: number,
    points: fc.oneof(fc.nat(1_000_000_000), number),
    duration_ms: fc.nat(),
    foreign: anything,
  },
  { requiredKeys: ['event_id', 'track_id', 'item_id', 'kind', 'occurred_at'] },
)
/** Few that are sound, so that the same are sent again and others under the same id. */
const sound = fc.record({ n: fc.nat(20), points: fc.nat(1) }).map(({ n, points }) => ({
  event_id: `018f3c6e-7b1a-7c3d-8e9f-9${String(n).padStart(11, '0')}`,
  track_id: 'a',
  item_id: 'x',
  kind: 'practiced',
  occurred_at: `${n % 5 === 0 ? 2096 : 2024}-02-29T12:00:00Z`,
  points,
}))
const keys = fc.constantFrom('event_id', 'kind', 'percent', '__proto__', 'constructor', 'toJSON', '', '\ud800')
const anyElement = fc.oneof(
  {
    weight: 6,
    arbitrary: nearlyAnEvent.map(({ foreign, ...event }) => (foreign === null ? { ...event, foreign } : event)),
  },
  { weight: 3, arbitrary: sound },
  { weight: 1, arbitrary: fc.dictionary(keys, anything) },
  { weight: 1, arbitrary: anything },
)

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const usableIdOf = (sent: unknown): string | null => {
  const id =
    typeof sent === 'object' && sent !== null && !Array.isArray(sent) && Object.hasOwn(sent, 'event_id')
      ? (sent as { event_id: unknown }).event_id
      : null
  return typeof id === 'string' && uuid.test(id) ? id.toLowerCase() : null
}

const expectShape = (receipt: Receipt): void => {
  const { event_id, status, code, errors } = receipt
  if (status !== 'rejected') expect(receipt).toEqual({ event_id, status, seq: expect.any(Number) })
  else if (code !== 'invalid_event') expect(receipt).toEqual({ event_id, status, code })
  else {
    expect(receipt).toEqual({ event_id, status, code, errors })
    expect(errors?.length).toBeGreaterThan(0)
  }
}

/** The log's end after this receipt: one more when it was applied, which happens to an id once. */
const expectPlace = (receipt: Receipt, seq: number, seqOf: Map<string | null, number>): number => {
  const { event_id: id, status } = receipt
  const isNew = status === 'applied'
  const expected = isNew ? seq + 1 : seqOf.get(id)
  expect([status, receipt.seq]).toEqual([status, status === 'rejected' ? undefined : expected])
  expect(isNew && seqOf.has(id)).toBe(false)
  if (isNew) seqOf.set(id, seq + 1)
  return isNew ? seq + 1 : seq
}

it('gives each of any events a receipt, and a seq to what it applies', async () => {
  const seqOf = new Map<string | null, number>()
  const seen = new Set<string | undefined>()
  let { head } = (await phone.get<Snapshot>('')).body
  await fc.assert(
    fc.asyncProperty(fc.array(anyElement, { minLength: 1, maxLength: 12 }), async events => {
      const { status, body } = await phone.post({ events })
      expect(status).toBe(200)
      expect(body.results.map(receipt => receipt.event_id)).toEqual(events.map(usableIdOf))
      let { seq } = head
      for (const receipt of body.results) {
        seen.add(receipt.code ?? receipt.status)
        expectShape(receipt)
        seq = expectPlace(receipt, seq, seqOf)
      }
      expect(body.head).toEqual({ epoch: head.epoch, seq })
      head = body.head
    }),
    { numRuns: 150, endOnFailure: true },
  )
  // Else the property said little.
  expect(seen).toEqual(new Set(['applied', 'duplicate', 'event_conflict', 'occurred_in_future', 'invalid_event']))
  const { body } = await phone.get<ChangesPage>('/changes?since=0&limit=1000')
  expect(body.events.map(event => [event.event_id, event.seq])).toEqual([...seqOf].slice(0, body.events.length))
})

it('answers any JSON, and any text, without a fault of ours', async () => {
  const body = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc.string({ unit: 'binary' }),
    fc.dictionary(fc.constantFrom('events', '__proto__', ''), anything).map(sent => JSON.stringify(sent)),
  )
  await fc.assert(
    fc.asyncProperty(body, async sent => {
      expect((await phone.post(sent)).status).toBeLessThan(500)
    }),
    { numRuns: 100 },
  )
  expect(faultsOfOurs(stack.logs)).toEqual([])
})
