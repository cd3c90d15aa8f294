import { describe, expect, it } from 'vitest'
import { fingerprintOf } from './fingerprint.ts'

const failed = (message: string): Error => new Error(message)
const of = (error: unknown, route = 'GET /x'): string => fingerprintOf({ service: 's', code: 'internal', route, error })

describe('a fingerprint', () => {
  it('is the same whatever ids and numbers a message holds', () => {
    const [one, other] = ['user 17 at "anna"', 'user 99 at "berta"'].map(failed)
    expect(of(one)).toBe(of(other))
    expect(of(one)).toMatch(/^[0-9a-f]{12}$/)
  })

  it('looks at the innermost cause', () => {
    const cause = failed('disk full')
    expect(of(new Error('a', { cause }))).toBe(of(new Error('b', { cause })))
    expect(of(new AggregateError([cause], 'all failed'))).toBe(of(cause))
  })

  it('differs by cause, route, and what is thrown that is no error', () => {
    const all = [of(failed('x')), of(failed('y')), of(failed('x'), 'GET /y'), of('text'), of(undefined)]
    expect(new Set(all).size).toBe(all.length)
  })
})
