// The cache is bounded and forgets what was not used for longest.
import { expect, it } from 'vitest'
import { TokenCache } from './token-cache.ts'

const verified = {
  keyId: 'k',
  claims: { userId: 'u', sessionId: 's', tokenId: 't', issuedAt: 1, expiresAt: 2 },
}

it('keeps what was used last, up to its limit', () => {
  const cache = new TokenCache(2)
  cache.set('a', verified)
  cache.set('b', verified)
  expect(cache.get('a')).toBe(verified)
  cache.set('c', verified)
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([verified, undefined, verified])
  expect(cache.size).toBe(2)
})

it('forgets what it is told to', () => {
  const cache = new TokenCache(2)
  cache.set('a', verified)
  cache.delete('a')
  expect(cache.get('a')).toBeUndefined()
})
