import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDay } from './day.ts'
import { formatInstant, formatLocal } from './instant.ts'

const latest = Date.parse('9999-12-31T23:59:59.999Z')

describe('an instant', () => {
  it('is written as JavaScript itself writes it, before 1970 too', () => {
    const instants = fc.integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: latest })
    fc.assert(
      fc.property(instants, ms => {
        const text = new Date(ms).toISOString()
        expect([formatInstant(ms), formatLocal(ms)]).toEqual([text, text.slice(0, -1)])
      }),
      { examples: [[0], [-1], [latest], [Date.parse('2028-02-29T23:59:59.999Z')]] },
    )
  })
})

describe('a day', () => {
  it('is written right also when others that share its place were written before', () => {
    const near = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 50, maxLength: 200 })
    fc.assert(
      fc.property(near, days => {
        for (const day of days)
          expect(formatDay(20_000 + day)).toBe(new Date((20_000 + day) * 86_400_000).toISOString().slice(0, 10))
      }),
    )
  })
})
