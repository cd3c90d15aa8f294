import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { rangeOfText } from './page-range.ts'

const range = { epoch: 'e1', from_seq: 4, to_seq: 7 }

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
  })

  it('keeps nothing of the page: each connection remembers where it is', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const heap = (): number => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const before = heap()
    const ranges = Array.from({ length: 100 }, (_, n) =>
      rangeOfText(
        Buffer.from(`{"epoch":"${'e'.repeat(32)}","from_seq":${n},"to_seq":${n}}`.padEnd(200_000) + '}').toString(),
      ),
    )
    expect((heap() - before) / ranges.length).toBeLessThan(10_000)
  })
})
