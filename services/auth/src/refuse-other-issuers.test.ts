// Whom production trusts.
import { describe, expect, it } from 'vitest'
import { refuseOtherIssuers } from './refuse-other-issuers.ts'

const apple = {
  appleIssuers: ['https://appleid.apple.com'],
  appleKeysUrl: 'https://appleid.apple.com/auth/keys',
  appleTokenUrl: 'https://appleid.apple.com/auth/token',
  appleRevokeUrl: 'https://appleid.apple.com/auth/revoke',
}
const local = {
  appleIssuers: ['http://127.0.0.1:8089'],
  appleKeysUrl: 'http://127.0.0.1:8089/auth/keys',
  appleTokenUrl: 'http://127.0.0.1:8089/auth/token',
  appleRevokeUrl: 'http://127.0.0.1:8089/auth/revoke',
}

describe('refuseOtherIssuers', () => {
  it('lets production trust Apple, and development whom it likes', () => {
    expect(() => refuseOtherIssuers({ nodeEnv: 'production', ...apple })).not.toThrow()
    expect(() => refuseOtherIssuers({ nodeEnv: 'development', ...local })).not.toThrow()
  })

  it('names every variable when production would trust somebody else', () => {
    expect(() => refuseOtherIssuers({ nodeEnv: 'production', ...local })).toThrow(
      /APPLE_ISSUERS[^]*APPLE_KEYS_URL[^]*APPLE_TOKEN_URL[^]*APPLE_REVOKE_URL/,
    )
  })

  it.each([
    ['a second issuer', { appleIssuers: [...apple.appleIssuers, 'http://127.0.0.1:8089'] }],
    ['a look-alike', { appleIssuers: ['https://appleid.apple.com.example.org'] }],
    ['keys without TLS', { appleKeysUrl: 'http://appleid.apple.com/auth/keys' }],
    ['codes sent elsewhere', { appleTokenUrl: 'https://appleid.apple.com.example.org/auth/token' }],
    ['tokens sent elsewhere', { appleRevokeUrl: 'https://example.org/auth/revoke' }],
    ['keys from elsewhere', { appleKeysUrl: 'https://appleid.apple.com@example.org/auth/keys' }],
  ])('refuses %s', (_name, change) => {
    expect(() => refuseOtherIssuers({ nodeEnv: 'production', ...apple, ...change })).toThrow('not usable')
  })
})
