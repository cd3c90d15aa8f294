// Sessions and users are denied for as long as a token of theirs can live; a full list refuses more, never less.
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { DenyList } from './deny-list.ts'

const listOf = (limit: number) => {
  const onOverflow = vi.fn<(tooOldUpTo: number) => void>()
  return { onOverflow, list: new DenyList({ keepSeconds: 660, limit, onOverflow }) }
}
const claims = (sessionId: string, issuedAt = 5_000, userId = 'user') => ({
  sessionId,
  userId,
  issuedAt,
  tokenId: 'token',
  expiresAt: issuedAt + 600,
})
const denies = (list: DenyList, ...ids: string[]): boolean[] =>
  ids.map(id => list.verdictOn(claims(id)) === 'token_invalid')

it('denies a session until its last token has died, then makes room', () => {
  const { list, onOverflow } = listOf(10)
  list.denySession('old', 1_000, 1_000)
  list.denySession('new', 1_659, 1_659)
  expect(denies(list, 'old', 'new', 'other')).toEqual([true, true, false])
  list.denySession('newest', 1_660, 1_660)
  expect(denies(list, 'old', 'new')).toEqual([false, true])
  expect(list.size).toBe(2)
  expect(onOverflow).not.toHaveBeenCalled()
})

it('denies for as long again when the session is named again', () => {
  const { list } = listOf(10)
  for (const [id, now] of [
    ['a', 1_000],
    ['b', 1_100],
    ['a', 1_600],
    ['c', 1_700],
  ] as const)
    list.denySession(id, now, now)
  expect(denies(list, 'a', 'b')).toEqual([true, true])
  list.denySession('c', 1_761, 1_761)
  expect(denies(list, 'a', 'b')).toEqual([true, false])
})

it("denies a user's tokens up to a second, that second included, and never takes one back", () => {
  const { list } = listOf(10)
  list.denyUser('user', 2_000, 2_000)
  list.denyUser('user', 1_990, 2_001)
  const verdicts = [1_999, 2_000, 2_001].map(issuedAt => list.verdictOn(claims('any', issuedAt)))
  expect(verdicts).toEqual(['token_invalid', 'token_invalid', undefined])
  expect(list.verdictOn(claims('any', 1_999, 'somebody else'))).toBeUndefined()
})

it('makes tokens as old as a session that it has to forget early too old, and says so', () => {
  const { list, onOverflow } = listOf(2)
  for (const id of ['a', 'b', 'c']) list.denySession(id, 1_000.2, 1_001)
  expect(list.size).toBe(2)
  expect(list.verdictOn(claims('a', 1_002))).toBe('token_expired')
  expect(list.verdictOn(claims('living', 1_002))).toBe('token_expired')
  expect(list.verdictOn(claims('living', 1_003))).toBeUndefined()
  expect(list.verdictOn(claims('b', 1_003))).toBe('token_invalid')
  list.denyUser('somebody', 1_000, 1_001)
  expect(onOverflow.mock.calls).toEqual([[1_002]])
})

it('never accepts what an unbounded list would refuse', () => {
  const ending = fc.record({
    kind: fc.constantFrom('session', 'user'),
    id: fc.integer({ min: 0, max: 5 }),
    after: fc.integer({ min: 0, max: 100 }),
  })
  const property = fc.property(
    fc.array(ending, { maxLength: 40 }),
    fc.integer({ min: 1, max: 4 }),
    (endings, limit) => {
      const bounded = listOf(limit).list
      const unbounded = listOf(Number.POSITIVE_INFINITY).list
      const firstEnd = new Map<string, number>()
      let now = 1_000
      for (const { kind, id, after } of endings) {
        now += after
        if (kind === 'session' && !firstEnd.has(`s${id}`)) firstEnd.set(`s${id}`, now)
        for (const list of [bounded, unbounded]) {
          if (kind === 'session') list.denySession(`s${id}`, now, now)
          else list.denyUser(`u${id}`, now, now)
        }
        for (let issuedAt = Math.max(1_000, now - 599); issuedAt <= now; issuedAt += 37) {
          const token = claims(`s${issuedAt % 6}`, issuedAt, `u${issuedAt % 5}`)
          const couldBeIssued = issuedAt <= (firstEnd.get(token.sessionId) ?? now)
          const denied = couldBeIssued && unbounded.verdictOn(token) !== undefined
          expect(!denied || bounded.verdictOn(token) !== undefined).toBe(true)
        }
      }
    },
  )
  fc.assert(property)
})
