// Which pages may be sent to a client that has everything up to seq 5.
import { describe, expect, it } from 'vitest'
import { judgePage } from './judge-page.ts'

describe('judgePage', () => {
  const position = { epoch: 'e', seq: 5 }

  it.each([
    ['the next events', 6, 9, 'fits'],
    ['the very next one', 6, 6, 'fits'],
    ['what it ended with', 3, 5, 'known'],
    ['older events', 1, 2, 'known'],
    ['an empty page', 6, 5, 'known'],
    ['events after a hole', 7, 7, 'gap'],
    ['old and new events together', 5, 6, 'gap'],
  ])('calls %s (%i to %i) %s', (...[, from_seq, to_seq, judgement]) => {
    expect(judgePage(position, { epoch: 'e', from_seq, to_seq })).toBe(judgement)
  })

  it('compares nothing across epochs', () => {
    expect(judgePage(position, { epoch: 'other', from_seq: 6, to_seq: 6 })).toBe('other_epoch')
  })
})
