// The cache is bounded and forgets what was not used for longest.
import { expect, it } from 'vitest'
import { TokenCache } from './token-cache.ts'

const verified = {
  keyId: 'k',
  userId: 'u',
  sessionId: 's',
  tokenId: 't',
  issuedAt: 1,
  expiresAt: 2,
}

it('keeps the half of its limit that was used last', () => {
  const cache = new TokenCache(4)
  for (const token of ['a', 'b', 'c']) cache.set(token, verified)
  expect(cache.get('a')).toBe(verified)
  for (const token of ['d', 'e']) cache.set(token, verified)
  // Nobody asked for b while it was of the older generation, and that is gone.
  expect(cache.get('b')).toBeUndefined()
  expect(cache.get('a')).toBe(verified)
})

it('holds no more than its limit, however many come', () => {
  const cache = new TokenCache(4)
  const tokens = Array.from({ length: 100 }, (_one, index) => `token-${index}`)
  for (const token of tokens) cache.set(token, verified)
  const kept = tokens.filter(token => cache.get(token) !== undefined)
  expect(kept.length).toBeLessThanOrEqual(4)
  expect(kept).toEqual(expect.arrayContaining(['token-99', 'token-98']))
})

it('forgets what it is told to', () => {
  const cache = new TokenCache(2)
  cache.set('a', verified)
  cache.delete('a')
  expect(cache.get('a')).toBeUndefined()
})
