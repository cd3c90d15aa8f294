// What a relay knows of subjects is bounded, and never forgotten in the middle of publishing.
import { describe, expect, it } from 'vitest'
import { OutboxShortcut, type CommittedRow } from './outbox-shortcut.ts'

const rowOf = (subject: string, id: number): CommittedRow => ({
  id,
  subject,
  message_id: String(id),
  follows: String(id - 1),
  payload: '{}',
  origin: null,
})

const open = (publish: (row: { id: number }) => Promise<void> = () => Promise.resolve(), leastSubjects = 4) => {
  const settled: boolean[] = []
  const shortcut = new OutboxShortcut({
    publish,
    leastSubjects,
    maxUnderWay: 100,
    maxPublished: 100,
    onSettled: published => void settled.push(published),
  })
  /** As a look does that has published number 1 of each. */
  const look = (subjects: readonly string[]): void => {
    for (const subject of subjects) if (shortcut.lookBegins(subject)) shortcut.lookEnds(subject, '1')
  }
  return { shortcut, settled, look }
}

const others = Array.from({ length: 20 }, (_, n) => `other ${n}`)

describe('what is known of a subject', () => {
  it('is kept of the latest', async () => {
    const { shortcut, look, settled } = open()
    look(['first', ...others])
    expect(shortcut.take(rowOf('first', 2))).toBe(false)
    expect(others.slice(-4).map(subject => shortcut.take(rowOf(subject, 2)))).toEqual([true, true, true, true])
    await shortcut.settled()
    expect(settled).toEqual([true, true, true, true])
    expect(shortcut.takePublished()).toEqual([2])
  })

  it('is kept while others come and go, where it is asked for again and again', async () => {
    const { shortcut, look } = open()
    look(['busy'])
    for (const [n, other] of others.entries()) {
      look([other])
      expect(shortcut.take(rowOf('busy', n + 2))).toBe(true)
      await shortcut.settled()
    }
  })

  it('is kept while a look publishes', () => {
    const { shortcut, look } = open()
    expect(shortcut.lookBegins('looked')).toBe(true)
    look(others)
    expect(shortcut.take(rowOf('looked', 2))).toBe(false)
    shortcut.lookEnds('looked', '1')
    expect(shortcut.take(rowOf('looked', 2))).toBe(true)
  })

  it('is kept while it publishes itself', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const { shortcut, look, settled } = open(() => released)
    look(['published'])
    expect([shortcut.take(rowOf('published', 2)), shortcut.take(rowOf('published', 3))]).toEqual([true, true])
    look(others)
    expect(shortcut.lookBegins('published')).toBe(false)
    release()
    await shortcut.settled()
    expect(settled).toEqual([true, true])
    expect(shortcut.takePublished()).toEqual([2, 3])
    expect(shortcut.take(rowOf('published', 4))).toBe(true)
  })

  it('is kept of as many as are looked at, which takes no longer the more they are', () => {
    const many = Array.from({ length: 20_000 }, (_, n) => `subject ${n}`)
    const { shortcut } = open(undefined, 1)
    const beganAt = performance.now()
    for (const subject of many) expect(shortcut.lookBegins(subject)).toBe(true)
    for (const subject of many) shortcut.lookEnds(subject, '1')
    expect(performance.now() - beganAt).toBeLessThan(2_000)
  })

  it('is nothing where nothing is to be known', () => {
    const { shortcut, look } = open(undefined, 0)
    look(['a'])
    expect(shortcut.take(rowOf('a', 2))).toBe(false)
  })

  it('is no place taken by those of which nothing is known', () => {
    const { shortcut, look } = open()
    look(['known'])
    for (const other of others) if (shortcut.lookBegins(other)) shortcut.lookEnds(other, undefined)
    expect(shortcut.take(rowOf('known', 2))).toBe(true)
  })

  it('is void once something could not be published, with all that waits behind it', async () => {
    const { shortcut, look, settled } = open(row =>
      row.id === 3 ? Promise.reject(new Error('no')) : Promise.resolve(),
    )
    look(['a'])
    for (const id of [2, 3, 4]) expect(shortcut.take(rowOf('a', id))).toBe(true)
    await shortcut.settled()
    expect(settled).toEqual([true, false, false])
    expect(shortcut.takePublished()).toEqual([2])
    expect(shortcut.take(rowOf('a', 5))).toBe(false)
  })
})
