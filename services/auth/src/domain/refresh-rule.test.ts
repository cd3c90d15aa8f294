// The rule of refreshing, case by case, and what holds for every state.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideRefresh, type RefreshDecision, type RefreshState } from './refresh-rule.ts'

const limits = { graceMs: 30_000, maxRepeats: 50 }
const rotatedAt = 1_000_000
const alive: RefreshState = {
  presented: 'current',
  now: rotatedAt + 1_000,
  rotatedAt,
  idleExpiresAt: rotatedAt + 1_000_000_000,
  absoluteExpiresAt: rotatedAt + 2_000_000_000,
  ended: false,
  repeats: 0,
}

describe('decideRefresh', () => {
  const cases: [string, Partial<RefreshState>, RefreshDecision][] = [
    ['the current token rotates', {}, 'rotate'],
    ['the current token rotates however late', { now: rotatedAt + 999_999_999 }, 'rotate'],
    ['the current token rotates whatever was repeated', { repeats: 50 }, 'rotate'],
    ['the previous token gets the same successor', { presented: 'previous' }, 'repeat'],
    ['also at the last moment of grace', { presented: 'previous', now: rotatedAt + 30_000 }, 'repeat'],
    ['a moment later it gets a new one', { presented: 'previous', now: rotatedAt + 30_001 }, 'replace'],
    ['and still after a weekend', { presented: 'previous', now: rotatedAt + 200_000_000 }, 'replace'],
    ['a clock set back keeps the successor', { presented: 'previous', now: rotatedAt - 5_000 }, 'repeat'],
    ['the fiftieth repeat is answered', { presented: 'previous', repeats: 49 }, 'repeat'],
    ['the next is one too many', { presented: 'previous', repeats: 50 }, 'limit'],
    ['also after grace', { presented: 'previous', repeats: 50, now: rotatedAt + 60_000 }, 'limit'],
    ['a dead token ends the session', { presented: 'neither' }, 'end'],
    ['whatever was repeated', { presented: 'neither', repeats: 50 }, 'end'],
    ['an ended session refuses its current token', { ended: true }, 'refuse'],
    ['and a dead one, without ending again', { ended: true, presented: 'neither' }, 'refuse'],
    ['idle too long', { now: alive.idleExpiresAt }, 'refuse'],
    ['the last moment before that', { now: alive.idleExpiresAt - 1 }, 'rotate'],
    [
      'too old, though used daily',
      { now: alive.idleExpiresAt - 1, absoluteExpiresAt: alive.idleExpiresAt - 1 },
      'refuse',
    ],
    ['a dead token of an expired session ends nothing', { now: alive.idleExpiresAt, presented: 'neither' }, 'refuse'],
  ]
  it.each(cases)('%s', (_name, change, decision) => {
    expect(decideRefresh({ ...alive, ...change }, limits)).toBe(decision)
  })

  it('lets nothing of a session that is over through, and ends one for a dead token alone', () => {
    const state = fc.record({
      presented: fc.constantFrom('current' as const, 'previous' as const, 'neither' as const),
      now: fc.integer({ min: 0, max: 1_000 }),
      rotatedAt: fc.integer({ min: 0, max: 1_000 }),
      idleExpiresAt: fc.integer({ min: 0, max: 1_000 }),
      absoluteExpiresAt: fc.integer({ min: 0, max: 1_000 }),
      ended: fc.boolean(),
      repeats: fc.integer({ min: 0, max: 60 }),
    })
    fc.assert(
      fc.property(state, one => {
        const decision = decideRefresh(one, { graceMs: 100, maxRepeats: 50 })
        const over = one.ended || one.now >= Math.min(one.idleExpiresAt, one.absoluteExpiresAt)
        expect(decision === 'refuse').toBe(over)
        expect(decision === 'end').toBe(!over && one.presented === 'neither')
        expect(decision === 'rotate').toBe(!over && one.presented === 'current')
      }),
    )
  })
})
