// One token has one spelling: everything else is refused before it is decoded for good.
import { describe, expect, it } from 'vitest'
import { maxTokenBytes, readCompactHeader } from './compact-token.ts'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = `${encode({ alg: 'EdDSA' })}.${encode({ sub: 'x' })}.${Buffer.alloc(64, 7).toString('base64url')}`

describe('readCompactHeader', () => {
  it('reads the header of a canonical token', () => {
    expect(readCompactHeader(token)).toEqual({ alg: 'EdDSA' })
  })

  it('accepts exactly one of the spellings of the last character', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const same = alphabet
      .split('')
      .map(last => token.slice(0, -1) + last)
      .filter(one => {
        const [, , signature = ''] = one.split('.')
        return Buffer.from(signature, 'base64url').equals(Buffer.alloc(64, 7))
      })
    expect(same.length).toBeGreaterThan(1)
    expect(same.filter(one => readCompactHeader(one) !== undefined)).toEqual([token])
  })

  it.each([
    ['padding', `${token}==`],
    ['a newline', `${token}\n`],
    ['a blank', ` ${token}`],
    ['the other alphabet', token.replace(/[A-Za-z]$/, '+')],
    ['two parts', token.slice(0, token.lastIndexOf('.'))],
    ['five parts, as an encrypted token', `${token}.a.b`],
    ['an empty signature', token.slice(0, token.lastIndexOf('.') + 1)],
    ['an empty text', ''],
    ['a header that is no JSON', token.replace(/^[^.]+/, 'AAAA')],
    ['a header that is a list', token.replace(/^[^.]+/, encode([]))],
    ['a header that is null', token.replace(/^[^.]+/, encode(null))],
    ['a token of 1 MB', `${token}${'A'.repeat(1_000_000)}`],
    ['one byte too many', token.padEnd(maxTokenBytes + 1, 'A')],
  ])('refuses %s', (_name, text) => {
    expect(readCompactHeader(text)).toBeUndefined()
  })
})
