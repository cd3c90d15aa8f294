// Sessions are denied for as long as a token of theirs can live, within a bound.
import { expect, it, vi } from 'vitest'
import { DenyList } from './deny-list.ts'

const listOf = (limit: number) => {
  const onOverflow = vi.fn<() => void>()
  return { onOverflow, list: new DenyList({ keepSeconds: 660, limit, onOverflow }) }
}

it('denies a session until its last token has died, then makes room', () => {
  const { list, onOverflow } = listOf(10)
  list.deny('old', 1_000)
  list.deny('new', 1_659)
  expect([list.denies('old'), list.denies('new'), list.denies('other')]).toEqual([true, true, false])
  list.deny('newest', 1_660)
  expect([list.denies('old'), list.denies('new'), list.size]).toEqual([false, true, 2])
  expect(onOverflow).not.toHaveBeenCalled()
})

it('denies for as long again when the session is named again', () => {
  const { list } = listOf(10)
  list.deny('a', 1_000)
  list.deny('b', 1_100)
  list.deny('a', 1_600)
  list.deny('c', 1_700)
  expect([list.denies('a'), list.denies('b')]).toEqual([true, true])
  list.deny('c', 1_761)
  expect([list.denies('a'), list.denies('b')]).toEqual([true, false])
})

it('says so when it has to forget a session too early', () => {
  const { list, onOverflow } = listOf(2)
  for (const id of ['a', 'b', 'c']) list.deny(id, 1_000)
  expect([list.denies('a'), list.denies('b'), list.denies('c')]).toEqual([false, true, true])
  expect(onOverflow).toHaveBeenCalledOnce()
})
