import { describe, expect, it } from 'vitest'
import { rangeOfBytes, rangeOfText } from './page-range.ts'

const range = { epoch: 'e1', from_seq: 4, to_seq: 7 }
const bytesOf = (text: string): Uint8Array => Buffer.from(text)

describe('the range of a page', () => {
  it.each([
    ['as progress writes it', JSON.stringify({ ...range, events: ['ü'.repeat(500)] })],
    ['in another order', JSON.stringify({ events: [], to_seq: 7, from_seq: 4, epoch: 'e1' })],
    ['with blanks', JSON.stringify({ ...range, events: [] }, undefined, 2)],
    ['with nothing else', JSON.stringify(range)],
  ])('is read %s', (_how, text) => {
    expect(rangeOfText(text)).toEqual(range)
  })

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{"epoch":"e1","from_seq":4,"to_seq":7,',
    '{"epoch":"e1","from_seq":4}',
    '{"epoch":1,"from_seq":4,"to_seq":7}',
    '{"epoch":"e1","from_seq":-4,"to_seq":7}',
    '{"epoch":"e1","from_seq":4,"to_seq":1e999}',
    '{"epoch":"e1","from_seq":4.5,"to_seq":7}',
  ])('is not found in %j', text => {
    expect(rangeOfText(text)).toBeUndefined()
    expect(rangeOfBytes(bytesOf(text))?.to_seq).not.toBe(4)
  })

  it('is found in the first bytes, however long the rest is, or not at all', () => {
    expect(rangeOfBytes(bytesOf(JSON.stringify({ ...range, events: ['x'.repeat(100_000)] })))).toEqual(range)
    expect(rangeOfBytes(bytesOf(JSON.stringify({ events: [], ...range })))).toBeUndefined()
    expect(rangeOfBytes(new Uint8Array(bytesOf(`junk${JSON.stringify(range)}`)).subarray(4))).toEqual(range)
  })
})
