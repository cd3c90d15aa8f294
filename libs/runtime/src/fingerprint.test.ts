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

  it('says where in the code, whatever of Node and of packages stands before that', () => {
    const at = (frame: string): Error =>
      Object.assign(failed('x'), {
        stack: `Error: x\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\n    at query (/app/node_modules/pg/lib/client.js:1:1)\n    ${frame}`,
      })
    const [one, other] = ['at async a (/app/libs/a.ts:1:1)', 'at async b (/app/libs/b.ts:1:1)'].map(at)
    expect(of(one)).not.toBe(of(other))
  })

  it('differs by cause, route, and what is thrown that is no error', () => {
    const all = [of(failed('x')), of(failed('y')), of(failed('x'), 'GET /y'), of('text'), of(undefined)]
    expect(new Set(all).size).toBe(all.length)
  })
})
