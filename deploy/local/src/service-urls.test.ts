import { describe, expect, it } from 'vitest'
import { deriveServiceUrls } from './service-urls.ts'

describe('the services database URLs', () => {
  const given = 'postgresql://owner:p%40ss@db.example:6432/cairn?sslmode=require'

  it('keep everything but the user and the password', () => {
    const { authDatabaseUrl, progressDatabaseUrl } = deriveServiceUrls(given, 'unused')
    expect(authDatabaseUrl).toMatch(/^postgresql:\/\/cairn_auth:[\w-]{43}@db\.example:6432\/cairn\?sslmode=require$/)
    expect(progressDatabaseUrl).toMatch(/^postgresql:\/\/cairn_progress:[\w-]{43}@/)
  })

  it('have one password per role that two stacks agree on', () => {
    const { authDatabaseUrl, progressDatabaseUrl } = deriveServiceUrls(given, 'one')
    expect(deriveServiceUrls(given, 'two').authDatabaseUrl).toBe(authDatabaseUrl)
    expect(new URL(progressDatabaseUrl).password).not.toBe(new URL(authDatabaseUrl).password)
  })

  it('depend on the key when the given URL has no password', () => {
    const bare = 'postgresql://owner@127.0.0.1/cairn'
    expect(deriveServiceUrls(bare, 'one')).not.toEqual(deriveServiceUrls(bare, 'two'))
    expect(deriveServiceUrls(bare, 'one')).toEqual(deriveServiceUrls(bare, 'one'))
  })
})
