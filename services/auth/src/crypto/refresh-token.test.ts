// One refresh token has one spelling, and only the key's owner can make one.
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Keys } from './derive-key.ts'
import { makeRefreshToken, readRefreshToken } from './refresh-token.ts'

const key: Keys = [Buffer.alloc(32, 'k')]
const sessionId = '0b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11'
const token = makeRefreshToken(key, { sessionId, generation: 7, secret: Buffer.alloc(16, 1) })

describe('refresh tokens', () => {
  it('are read back as they were made', () => {
    expect(readRefreshToken(key, token.text)).toEqual(token)
    expect(token.text).toMatch(/^rt1\.[0-9a-f-]{36}\.7\.[\w-]{22}\.[\w-]{22}$/)
    expect(token.text.length).toBeLessThanOrEqual(256)
  })

  it('differ by secret alone', () => {
    const other = makeRefreshToken(key, { sessionId, generation: 7, secret: randomBytes(16) })
    expect(other.text).not.toBe(token.text)
    expect(other.hash.equals(token.hash)).toBe(false)
  })

  const [, , , secret = '', mac = ''] = token.text.split('.')
  it.each([
    ['nothing', ''],
    ['garbage', 'garbage'],
    ['another version', token.text.replace('rt1', 'rt2')],
    ['another session', token.text.replace(sessionId, '1b8c3c1e-7b1f-4f5e-9d57-0f9a3a3f2f11')],
    ['another generation', token.text.replace('.7.', '.8.')],
    ['a generation with a zero in front', token.text.replace('.7.', '.07.')],
    ['another secret', token.text.replace(secret, 'A'.repeat(22))],
    [
      'another spelling of the MAC',
      token.text.slice(0, -1) + String.fromCodePoint((token.text.codePointAt(token.text.length - 1) ?? 0) + 1),
    ],
    ['a padded MAC', `${token.text}==`],
    ['a newline after it', `${token.text}\n`],
    ['upper-case id', token.text.replace(sessionId, sessionId.toUpperCase())],
    ['no MAC', token.text.slice(0, -mac.length)],
    ['a token and more', `${token.text}.x`],
    ['1 MB', 'rt1.'.repeat(250_000)],
  ])('refuse %s', (_name, text) => {
    expect(readRefreshToken(key, text)).toBeUndefined()
  })

  it('refuse what another key made', () => {
    expect(readRefreshToken([Buffer.alloc(32, 'o')], token.text)).toBeUndefined()
  })

  it('are made with the first of several keys, and read with any', () => {
    const other: Keys = [Buffer.alloc(32, 'o')]
    const parts = { sessionId, generation: 7, secret: Buffer.alloc(16, 1) }
    expect(makeRefreshToken([...key, ...other], parts)).toEqual(token)
    expect(readRefreshToken([...other, ...key], token.text)).toEqual(token)
  })
})
