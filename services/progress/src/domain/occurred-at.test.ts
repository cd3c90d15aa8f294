import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatOccurredAt, parseOccurredAt } from './occurred-at.ts'

const parsed = (text: string) => {
  const time = parseOccurredAt(text)
  return time === undefined ? undefined : [new Date(time.occurredAtMs).toISOString(), time.offsetMinutes]
}

describe('occurred_at', () => {
  it.each([
    ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.000Z', 0],
    ['2024-02-29t12:00:00z', '2024-02-29T12:00:00.000Z', 0],
    ['2024-02-29T12:00:00-00:00', '2024-02-29T12:00:00.000Z', 0],
    ['2024-02-29T23:59:59.9999999+05:45', '2024-02-29T18:14:59.999Z', 345],
    ['2024-02-29T12:00:00.5-18:00', '2024-03-01T06:00:00.500Z', -1080],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z', 0],
    ['1969-12-31T23:00:00-01:00', '1970-01-01T00:00:00.000Z', -60],
  ])('%s is %s at %i minutes', (text, instant, offset) => expect(parsed(text)).toEqual([instant, offset]))

  it.each([
    '2024-02-29T12:00:00',
    '2024-02-29 12:00:00Z',
    '2024-02-29',
    '2023-02-29T12:00:00Z',
    '2024-04-31T12:00:00Z',
    '2024-00-10T12:00:00Z',
    '2024-13-10T12:00:00Z',
    '2024-02-00T12:00:00Z',
    '2024-02-29T24:00:00Z',
    '2024-02-29T12:60:00Z',
    '2024-02-29T12:00:60Z',
    '2024-02-29T12:00:00+18:01',
    '2024-02-29T12:00:00+19:00',
    '2024-02-29T12:00:00+01:60',
    '2024-02-29T12:00:00+0100',
    '2024-02-29T12:00:00.Z',
    '2024-02-29T12:00Z',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:59:59+01:00',
    '+02024-02-29T12:00:00Z',
    ' 2024-02-29T12:00:00Z',
    '2024-02-29T12:00:00Z\n',
    '',
  ])('refuses %j', text => expect(parseOccurredAt(text)).toBeUndefined())

  it('comes back as it went in, for every instant and offset', () => {
    const time = fc.record({
      occurredAtMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
      offsetMinutes: fc.integer({ min: -1080, max: 1080 }),
    })
    fc.assert(
      fc.property(time, sent => {
        expect(parseOccurredAt(formatOccurredAt(sent))).toEqual(sent)
      }),
    )
  })
})
