// The worklist by itself, over a list in memory: nothing waits longer than it has to, and one failure holds up nothing.
import { eventually } from '@cairn/testkit'
import { expect, it } from 'vitest'
import { Worklist } from './worklist.ts'

const attempt = (work: () => Promise<void>): Promise<void> => work().catch(() => undefined)
const longPollMs = 3_600_000

it('looks again at once when it was woken while it looked', async () => {
  const firstLook = Promise.withResolvers<readonly string[]>()
  const looks = [firstLook.promise, Promise.resolve(['added meanwhile'])]
  const worked: string[] = []
  const worklist = new Worklist<string>({
    attempt,
    pollMs: longPollMs,
    claim: async () => (await looks.shift()) ?? [],
    work: async item => void worked.push(item),
  })
  worklist.wake()
  firstLook.resolve([])
  await eventually(() => expect(worked).toEqual(['added meanwhile']))
  await worklist.stop()
})

it('goes on after an item, and after a look, that failed', async () => {
  const looks: (() => readonly string[])[] = [
    () => ['bad', 'good'],
    () => {
      throw new Error('no database')
    },
    () => ['later'],
  ]
  const worked: string[] = []
  const worklist = new Worklist<string>({
    attempt,
    pollMs: 1,
    claim: async () => looks.shift()?.() ?? [],
    work: async item => {
      if (item === 'bad') throw new Error('bad')
      worked.push(item)
    },
  })
  await eventually(() => expect(worked).toEqual(['good', 'later']))
  await worklist.stop()
})
