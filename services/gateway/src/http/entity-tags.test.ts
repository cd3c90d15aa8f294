import { describe, expect, it } from 'vitest'
import { knownTags, weakTag } from './entity-tags.ts'

describe('knownTags', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['*', ['*']],
    ['W/"a"', ['a']],
    ['"a", W/"b" ,"c"', ['a', 'b', 'c']],
    ['a', []],
    ['"a', []],
    [Array.from({ length: 20 }, (_, n) => `"${n}"`).join(','), Array.from({ length: 16 }, (_, n) => String(n))],
  ])('reads %j', (header, tags) => {
    expect(knownTags(header)).toEqual(tags)
  })

  it('reads back what weakTag wrote', () => {
    expect(knownTags(weakTag('x~20y'))).toEqual(['x~20y'])
  })
})
