// Odd events and odd batches at the HTTP surface: what is wrong is named by field, what is right goes through, nothing is a 5xx,
// and what was rejected has left no trace.
import { randomUUID } from 'node:crypto'
import type { ChangesPage, Problem, Snapshot } from '@cairn/contracts'
import { startStack, type Stack } from '@cairn/testkit/stack'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faultsOfOurs } from './progress/faults-of-ours.ts'
import { eventText, expectFieldFault, faultsOf, leftOut, newPhone, type Phone } from './progress/phone.ts'

let stack: Stack
let phone: Phone
beforeAll(async () => {
  stack = await startStack()
  phone = await newPhone(stack)
})
afterAll(() => stack.stop())

const headSeq = async (of: Phone): Promise<number> => (await of.get<Snapshot>('')).body.head.seq
const inFuture = (ms: number): string => `"${new Date(Date.now() + ms).toISOString()}"`
const mebibyte = 1_048_576
const emoji = '\u{1F600}'

describe('a batch', () => {
  it('of 500 with one bad event applies 499', async () => {
    const own = await newPhone(stack)
    const events = Array.from({ length: 500 }, (_, n) => eventText({ item_id: `"${n}"` }))
    const { results, head } = await own.submit(...events.with(137, eventText({ percent: '"50"' })))
    expect(results.filter(receipt => receipt.status === 'applied').map(receipt => receipt.seq)).toEqual(
      Array.from({ length: 499 }, (_, n) => n + 1),
    )
    expect(results[137]).toMatchObject({ status: 'rejected', code: 'invalid_event', errors: [{ path: '/percent' }] })
    expect(head.seq).toBe(499)
  })

  it.each([0, 501])('of %i events is 400', async size => {
    expectFieldFault(
      await phone.post({ events: Array.from({ length: size }, () => JSON.parse(eventText())) }),
      'events',
    )
  })

  it.each(['', 'null', '[]', '7', '{}', '{"events":null}', '{"events":{}}', '{"events":"a"}', '{"__proto__":[]}'])(
    'that is none is 400: %s',
    async body => expectFieldFault(await phone.post(body), body.includes('"events"') ? 'events' : '(object|events)'),
  )

  it.each(['{', '{"events":[}', '\ufeff{"events":[1]}', "{'events':[1]}", '{"events":[NaN]}', '{"events":["\u0001"]}'])(
    'that is no JSON is 400: %j',
    async body => {
      const answer = await phone.post<Problem>(body)
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request'])
      expect(answer.body.detail).toMatch(/JSON/)
    },
  )

  it('has no other fields', async () => {
    for (const field of ['batch', '__proto__', 'constructor']) {
      expectFieldFault(await phone.post(`{"events":[${eventText()}],"${field}":1}`), field)
    }
  })

  it('may be 1 MiB and no more', async () => {
    const around = '{"events":[""]}'.length
    const fits = await phone.post(`{"events":["${'x'.repeat(mebibyte - around)}"]}`)
    expect(fits.body.results).toMatchObject([{ event_id: null, status: 'rejected', code: 'invalid_event' }])
    const tooBig = await phone.post<Problem>(`{"events":["${'x'.repeat(mebibyte - around + 1)}"]}`)
    expect([tooBig.status, tooBig.body.code]).toEqual([413, 'payload_too_large'])
    // Small here, and more than a message may be once it is written out.
    const grows = await phone.post<Problem>(`{"events":[[${Array.from({ length: 170_000 }, () => '1e20').join()}]]}`)
    expect([grows.status, grows.body.code]).toEqual([413, 'payload_too_large'])
  })

  it.each([100, 3_000, 20_000, 200_000])('nested %i deep is refused as an event or as a whole', async depth => {
    const { status, body } = await phone.post<Problem>(`{"events":[${'['.repeat(depth)}${']'.repeat(depth)}]}`)
    const asEvent = { results: [{ code: 'invalid_event', errors: [{ path: '' }] }] }
    expect([200, 400]).toContain(status)
    expect(body).toMatchObject(status === 200 ? asEvent : { code: 'invalid_request' })
  })
})

describe('the same id', () => {
  it.each<[string, Record<string, string>]>([
    ['another kind', { kind: '"started"' }],
    ['another item', { item_id: '"other"' }],
    ['a time in the same millisecond at another offset', { occurred_at: '"2024-03-01T11:00:00+01:00"' }],
    ['a field more, though it is 0', { points: '0' }],
  ])('with %s is a conflict', async (_what, change) => {
    const id = { event_id: `"${randomUUID()}"` }
    const before = (await phone.submit(eventText(id))).head.seq
    const { results, head } = await phone.submit(eventText({ ...id, ...change }))
    expect(results).toEqual([{ event_id: JSON.parse(id.event_id), status: 'rejected', code: 'event_conflict' }])
    expect(head.seq).toBe(before)
  })

  it('with the same said in other words is a duplicate', async () => {
    const id = randomUUID()
    const words = { occurred_at: '"2024-03-01T10:00:00.5Z"', percent: '-0', points: '100' }
    const first = await phone.submit(eventText({ event_id: `"${id}"`, ...words }))
    const others = [
      {
        event_id: `"${id.toUpperCase()}"`,
        occurred_at: '"2024-03-01t10:00:00.5009-00:00"',
        percent: '0.0',
        points: '1e2',
      },
      { event_id: `"${id}"`, ...words, kind: '"\\u0070racticed"', points: '100.0' },
    ]
    const again = await phone.submit(...others.map(other => eventText(other)))
    const { seq } = first.results[0] as { seq: number }
    expect(again.results).toEqual([1, 2].map(() => ({ event_id: id, status: 'duplicate', seq })))
    expect(again.head).toEqual(first.head)
  })
})

const oddFields: readonly [field: string, value: string | typeof leftOut][] = [
  ['event_id', leftOut],
  ['event_id', 'null'],
  ['event_id', '7'],
  ['event_id', '""'],
  ['event_id', '"018f3c6e7b1a7c3d8e9f0123456789ab"'],
  ['event_id', '"{018f3c6e-7b1a-7c3d-8e9f-0123456789ab}"'],
  ['event_id', '"018f3c6e-7b1a-7c3d-8e9f-0123456789ab\\n"'],
  ['event_id', '"018f3c6e-7b1a-7c3d-8e9f-0123456789a\\u0000"'],
  ...['track_id', 'item_id'].flatMap((field): [string, string | typeof leftOut][] => [
    [field, leftOut],
    [field, 'null'],
    [field, '7'],
    [field, '["a"]'],
    [field, '""'],
    [field, '"a\\u0000b"'],
    [field, '"\\u0007"'],
    [field, '"\\u0085"'],
    [field, '"\\ud800"'],
    [field, '"\\udc00\\ud800"'],
    [field, `"${'a'.repeat(129)}"`],
    [field, `"${emoji.repeat(129)}"`],
    [field, `"${'a'.repeat(100_000)}"`],
  ]),
  ['kind', leftOut],
  ['kind', 'null'],
  ['kind', '"finished"'],
  ['kind', '"Reset"'],
  ['kind', '"__proto__"'],
  ['kind', '["reset"]'],
  ['occurred_at', leftOut],
  ['occurred_at', 'null'],
  ['occurred_at', '1709287200000'],
  ['occurred_at', '""'],
  ['occurred_at', '"2024-03-01T10:00:00"'],
  ['occurred_at', '"2024-03-01 10:00:00Z"'],
  ['occurred_at', '"2024-03-01"'],
  ['occurred_at', '"2024-03-01T10:00:60Z"'],
  ['occurred_at', '"2024-03-01T24:00:00Z"'],
  ['occurred_at', '"2023-02-29T10:00:00Z"'],
  ['occurred_at', '"1969-12-31T23:59:59.999Z"'],
  ['occurred_at', '"1970-01-01T00:59:59+01:00"'],
  ['occurred_at', '"2024-03-01T10:00:00+18:01"'],
  ['occurred_at', '"+002024-03-01T10:00:00Z"'],
  ['occurred_at', '"2024-03-01T10:00:00Z\\u0000"'],
  ['occurred_at', '"\\u0662\\u0660\\u0662\\u0664-03-01T10:00:00Z"'],
  ...['percent', 'score', 'points', 'duration_ms'].flatMap((field): [string, string][] =>
    ['null', '"1"', 'true', '[1]', '{}', '1e999', '-1e999', '99999999999999999999'].map(value => [field, value]),
  ),
  ['percent', '100.00000000000001'],
  ['percent', '-5e-324'],
  ['score', '1000000000000.001'],
  ['points', '0.5'],
  ['points', '-1'],
  ['points', '1000000001'],
  ['duration_ms', '2592000001'],
  ['colour', '"red"'],
  ['', '1'],
  ['__proto__', '{"points":1}'],
  ['constructor', 'null'],
  ['seq', '1'],
]

describe('an event', () => {
  it.each(oddFields)('with such a %j is rejected for that field alone: %s', async (field, value) => {
    const before = await headSeq(phone)
    const bad = eventText({ [field]: value })
    const { results, head } = await phone.submit(bad)
    expect(results).toMatchObject([{ status: 'rejected', code: 'invalid_event' }])
    expect(faultsOf(results[0])).toEqual([`/${field}`])
    expect(head.seq).toBe(before)
    const { event_id: id } = results[0] as { event_id: string | null }
    expect(id === null).toBe(field === 'event_id')
    const again = await phone.submit(eventText(id === null ? {} : { event_id: `"${id}"` }))
    expect(again.results).toMatchObject([{ status: 'applied', seq: before + 1 }])
  })

  it('more than 24 h ahead is rejected by a code of its own, and its id may be sent again', async () => {
    const id = { event_id: `"${randomUUID()}"` }
    const { results, head } = await phone.submit(
      eventText({ ...id, occurred_at: inFuture(86_460_000) }),
      eventText({ occurred_at: '"9999-12-31T23:59:59Z"' }),
      eventText({ ...id, occurred_at: inFuture(86_000_000) }),
    )
    expect(results.map(receipt => receipt.code)).toEqual(['occurred_in_future', 'occurred_in_future', undefined])
    expect(results[2]).toMatchObject({ status: 'applied', seq: head.seq })
  })

  it('that is a reset carries nothing else', async () => {
    const { results } = await phone.submit(eventText({ kind: '"reset"', points: '0', score: '1' }))
    expect(new Set(faultsOf(results[0]))).toEqual(new Set(['/points', '/score']))
  })

  it('with a key twice has the last value, as JSON has it', async () => {
    const text = eventText({ track_id: '"first"' }).replace('{', '{"track_id":7,')
    const { results, head } = await phone.submit(text, text.replace('"first"', '7'))
    expect(results).toMatchObject([{ status: 'applied' }, { status: 'rejected', errors: [{ path: '/track_id' }] }])
    const { body } = await phone.get<ChangesPage>(`/changes?since=${head.seq - 1}&epoch=${head.epoch}`)
    expect(body.events).toMatchObject([{ track_id: 'first' }])
  })

  it('at every bound is applied, and comes back as it was sent', async () => {
    const own = await newPhone(stack)
    const bounds = [
      { track_id: `"${emoji.repeat(128)}"`, item_id: `"${'a'.repeat(128)}"` },
      { track_id: '"__proto__"', item_id: '"toString"', percent: '0', score: '-1e12', points: '0', duration_ms: '0' },
      { item_id: '"\\u00e9 \\ud83d\\ude00\\ufffe"', percent: '100', score: '1e12', points: '1000000000' },
      { event_id: '"00000000-0000-0000-0000-000000000000"', duration_ms: '2592000000', score: '5e-324' },
      { occurred_at: '"1970-01-01T00:00:00.000Z"' },
      { occurred_at: '"2024-02-29T23:59:59.999+18:00"' },
    ].map(fields => eventText(fields))
    const { results } = await own.submit(...bounds)
    expect(results.map(receipt => receipt.seq)).toEqual([1, 2, 3, 4, 5, 6])
    const { body } = await own.get<ChangesPage>('/changes?since=0')
    expect(body.events).toMatchObject(bounds.map(text => JSON.parse(text) as object))
  })
})

it('none of it was an error of ours', () => {
  expect(faultsOfOurs(stack.logs)).toEqual([])
})
