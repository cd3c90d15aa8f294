// Shapes and times of claims: each fault alone in otherwise good ones.
import { describe, expect, it } from 'vitest'
import { readAccessClaims } from './access-claims.ts'

const now = 1_800_000_000
const rules = { issuer: 'cairn', audience: 'api', maxLifetimeSeconds: 600, clockSkewSeconds: 60 }
const good = {
  iss: 'cairn',
  aud: 'api',
  sub: '0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11',
  sid: '1b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11',
  jti: 'abc',
  iat: now - 10,
  exp: now + 590,
}

describe('readAccessClaims', () => {
  it('names what it read', () => {
    expect(readAccessClaims(good, rules, now)).toEqual({
      userId: good.sub,
      sessionId: good.sid,
      tokenId: 'abc',
      issuedAt: now - 10,
      expiresAt: now + 590,
    })
  })

  it.each([
    ['issued half a minute ahead', { iat: now + 30, exp: now + 630 }],
    ['in its last second', { iat: now - 599, exp: now + 1 }],
    ['with a nbf that has come', { nbf: now }],
  ])('accepts a token %s', (_name, change) => {
    expect(readAccessClaims({ ...good, ...change }, rules, now)).toMatchObject({ userId: good.sub })
  })

  it.each([
    ['sub a number', { sub: 5 }],
    ['sub null', { sub: null }],
    ['sub empty', { sub: '' }],
    ['sub of 300 characters', { sub: 'a'.repeat(300) }],
    ['sub in upper case', { sub: good.sub.toUpperCase() }],
    ['sid an object', { sid: { id: good.sid } }],
    ['sid no UUID', { sid: 'session' }],
    ['no sid', { sid: undefined }],
    ['no jti', { jti: undefined }],
    ['jti empty', { jti: '' }],
    ['jti of 65 characters', { jti: 'a'.repeat(65) }],
    ['no exp', { exp: undefined }],
    ['exp as text', { exp: String(now + 590) }],
    ['exp beyond all numbers', { exp: 1e308 }],
    ['exp before the epoch', { exp: -1 }],
    ['exp with a fraction', { exp: now + 1.5 }],
    ['a lifetime of ten years', { exp: now + 315_360_000 }],
    ['a lifetime one second too long', { exp: good.iat + 601 }],
    ['exp before iat', { iat: now + 20, exp: now + 10 }],
    ['no iat', { iat: undefined }],
    ['iat an hour ahead', { iat: now + 3_600, exp: now + 4_000 }],
    ['nbf an hour ahead', { nbf: now + 3_600 }],
    ['nbf as text', { nbf: String(now) }],
    ['another audience', { aud: 'api2' }],
    ['no audience', { aud: [] }],
    ['audience as object', { aud: { api: 1 } }],
    ['a list of audiences with ours', { aud: ['other', 'api'] }],
    ['an issuer with a slash', { iss: 'cairn/' }],
    ['a list of issuers', { iss: ['cairn'] }],
  ])('refuses %s', (_name, change) => {
    expect(() => readAccessClaims({ ...good, ...change }, rules, now)).toThrow(
      expect.objectContaining({ code: 'token_invalid' }),
    )
  })

  it.each([now, now - 1])('says of a token that ended at %d that it has expired', exp => {
    expect(() => readAccessClaims({ ...good, iat: exp - 600, exp }, rules, now)).toThrow(
      expect.objectContaining({ code: 'token_expired' }),
    )
  })

  it('does not read claims from a prototype', () => {
    const payload = JSON.parse(`{"__proto__": ${JSON.stringify(good)}}`) as Record<string, unknown>
    expect(() => readAccessClaims(payload, rules, now)).toThrow(expect.objectContaining({ code: 'token_invalid' }))
  })
})
