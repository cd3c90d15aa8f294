// The bound holds, the order too, and a failing task gives its place back.
import { describe, expect, it } from 'vitest'
import { Limiter } from './limiter.ts'

describe('Limiter', () => {
  it('runs no more than the limit at once, and all in the end', async () => {
    const limiter = new Limiter(2)
    const started: number[] = []
    let running = 0
    let most = 0
    const task = (index: number) => async () => {
      started.push(index)
      running += 1
      most = Math.max(most, running)
      await new Promise(resolve => setImmediate(resolve))
      running -= 1
      if (index === 1) throw new Error('fails')
    }
    const all = await Promise.allSettled([0, 1, 2, 3, 4].map(index => limiter.run(task(index))))
    expect(most).toBe(2)
    expect(started).toEqual([0, 1, 2, 3, 4])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
  })
})
