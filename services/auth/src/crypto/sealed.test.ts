// Sealed values open with their own key and row alone.
import { describe, expect, it } from 'vitest'
import { deriveKey, type Keys } from './derive-key.ts'
import { seal, sealedLength, unseal } from './sealed.ts'

const key: Keys = [deriveKey(Buffer.alloc(32, 'm'), 'signingKeys')]
const other: Keys = [deriveKey(Buffer.alloc(32, 'o'), 'signingKeys')]

describe('sealed values', () => {
  it('open with the same key and binding, and look different every time', () => {
    const sealed = seal(key, 'secret', 'row 1')
    expect(unseal(key, sealed, 'row 1')).toBe('secret')
    expect(seal(key, 'secret', 'row 1').equals(sealed)).toBe(false)
    expect(sealed.includes('secret')).toBe(false)
    expect(sealedLength('secret')).toBe(sealed.length)
  })

  it('are made with the first of several keys, and open with any', () => {
    const sealed = seal([...key, ...other], 'secret', 'row 1')
    expect(unseal(key, sealed, 'row 1')).toBe('secret')
    expect(unseal([...other, ...key], sealed, 'row 1')).toBe('secret')
  })

  it('stay shut for another key, another row, changed or cut bytes', () => {
    const sealed = seal(key, 'secret', 'row 1')
    const changed = Buffer.from(sealed)
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    expect(() => unseal([deriveKey(Buffer.alloc(32, 'm'), 'refreshTokenMac')], sealed, 'row 1')).toThrow()
    expect(() => unseal(other, sealed, 'row 1')).toThrow()
    expect(() => unseal([...other, ...other], sealed, 'row 1')).toThrow()
    expect(() => unseal([...other, ...key], sealed, 'row 2')).toThrow()
    expect(() => unseal(key, sealed, 'row 2')).toThrow()
    expect(() => unseal(key, changed, 'row 1')).toThrow()
    expect(() => unseal(key, sealed.subarray(0, 10), 'row 1')).toThrow('not a sealed value')
    expect(() => unseal(key, Buffer.concat([Buffer.of(9), sealed.subarray(1)]), 'row 1')).toThrow('known version')
  })
})
