// What Apple's claims must say: each fault alone in an otherwise good token.
import { describe, expect, it } from 'vitest'
import { judgeAppleClaims, type AppleFault } from './apple-claims.ts'

const now = 1_800_000_000
const rules = {
  issuers: ['https://appleid.apple.com'],
  clientIds: ['com.example.app', 'com.example.web'],
  nonces: ['raw', 'hash'],
  now,
  maxAgeSeconds: 600,
  skewSeconds: 60,
}
const good = {
  iss: 'https://appleid.apple.com',
  aud: 'com.example.app',
  sub: '001234.abc.5678',
  iat: now - 5,
  exp: now + 86_400,
  nonce: 'hash',
}

describe('judgeAppleClaims', () => {
  it.each([
    ['as native apps send it', {}],
    ['another of our clients', { aud: 'com.example.web' }],
    ['a nonce sent verbatim', { nonce: 'raw' }],
    ['as old as is allowed, skew included', { iat: now - 660 }],
    ['from a clock a minute ahead', { iat: now + 60 }],
  ])('accepts a token %s', (_name, change) => {
    expect(judgeAppleClaims({ ...good, ...change }, rules)).toMatchObject({ subject: good.sub, issuer: good.iss })
  })

  it.each<[string, Record<string, unknown>, AppleFault]>([
    ['no issuer', { iss: undefined }, 'issuer'],
    ['an issuer with a slash more', { iss: 'https://appleid.apple.com/' }, 'issuer'],
    ['an issuer as list', { iss: ['https://appleid.apple.com'] }, 'issuer'],
    ['another app', { aud: 'com.example' }, 'audience'],
    ['a list of audiences with ours', { aud: ['com.example.app'] }, 'audience'],
    ['no audience', { aud: undefined }, 'audience'],
    ['no subject', { sub: undefined }, 'subject'],
    ['a subject that is a number', { sub: 5 }, 'subject'],
    ['an empty subject', { sub: '' }, 'subject'],
    ['a subject of 256 characters', { sub: 'a'.repeat(256) }, 'subject'],
    ['a subject with NUL', { sub: 'a\0b' }, 'subject'],
    ['no iat', { iat: undefined }, 'issued_at'],
    ['iat as text', { iat: String(now) }, 'issued_at'],
    ['a token too old, its exp still ahead', { iat: now - 661 }, 'issued_at'],
    ['a token from the future', { iat: now + 61 }, 'issued_at'],
    ['no exp', { exp: undefined }, 'issued_at'],
    ['exp beyond all numbers', { exp: 1e308 }, 'issued_at'],
    ['an expired token', { exp: now - 60 }, 'expired'],
    ['no nonce', { nonce: undefined, nonce_supported: false }, 'nonce'],
    ['an empty nonce', { nonce: '' }, 'nonce'],
    ['another nonce', { nonce: 'other' }, 'nonce'],
    ['the nonce in a list', { nonce: ['raw'] }, 'nonce'],
  ])('refuses %s', (_name, change, fault) => {
    expect(judgeAppleClaims({ ...good, ...change }, rules)).toBe(fault)
  })

  it.each([
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
    ['TRUE', false],
    [1, false],
    [undefined, false],
    [{}, false],
  ])('takes email_verified %j for %s', (given, verified) => {
    const judged = judgeAppleClaims({ ...good, email: 'a@example.com', email_verified: given }, rules)
    expect(judged).toMatchObject({ email: 'a@example.com', emailVerified: verified })
  })

  it.each([undefined, '', 'nobody', 5, `${'a'.repeat(320)}@b`, 'a\0@example.com'])(
    'has no e-mail, and none verified, in %j',
    email => {
      const judged = judgeAppleClaims({ ...good, email, email_verified: true }, rules)
      expect(judged).toMatchObject({ email: undefined, emailVerified: false })
    },
  )
})
