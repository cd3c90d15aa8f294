import { eventually } from '@cairn/testkit'
import { describe, expect, it } from 'vitest'
import { stdoutLines } from './stdout-lines.ts'

/** A reader of whom a test says what becomes of the next writes. */
const readerUnderTest = () => {
  const writes: Buffer[] = []
  let answer: (bytes: Buffer) => number = bytes => bytes.length
  const lines = stdoutLines(bytes => {
    const taken = answer(bytes)
    writes.push(Buffer.from(bytes.subarray(0, taken)))
    return taken
  })
  const failWith = (code: string): void => {
    answer = () => {
      throw Object.assign(new Error(code), { code })
    }
  }
  const text = (): string => Buffer.concat(writes).toString()
  return {
    lines,
    writes,
    text,
    failWith,
    takeAtMost: (most: number) => (answer = bytes => Math.min(most, bytes.length)),
  }
}

describe('lines for standard output', () => {
  it('of one turn leave in one write', async () => {
    const { lines, writes, text } = readerUnderTest()
    for (const line of ['a\n', 'b\n', 'c\n']) lines.write(line)
    expect(writes).toEqual([])
    await eventually(() => expect(text()).toBe('a\nb\nc\n'))
    expect(writes).toHaveLength(1)
  })

  it('leave together when they follow each other closely, and none stays behind', async () => {
    const { lines, writes, text } = readerUnderTest()
    let written = ''
    const beganAt = performance.now()
    for (let n = 0; n < 200; n += 1) {
      lines.write(`${n}\n`)
      written += `${n}\n`
      await new Promise(resolve => setImmediate(resolve))
    }
    await eventually(() => expect(text()).toBe(written))
    // One each ten milliseconds, which a timer may cut short by one.
    expect(writes.length).toBeLessThanOrEqual((performance.now() - beganAt) / 9 + 1)
    lines.write('after a pause\n')
    await eventually(() => expect(text()).toContain('after a pause'))
  })

  it('are written on where the reader stopped taking them, in order', async () => {
    const { lines, writes, text, failWith, takeAtMost } = readerUnderTest()
    failWith('EAGAIN')
    lines.write('ab\u00e9\n')
    lines.write('cd\n')
    await new Promise(resolve => setImmediate(resolve))
    takeAtMost(3)
    lines.write('ef\n')
    await eventually(() => expect(text()).toBe('ab\u00e9\ncd\nef\n'))
    expect(writes.length).toBeGreaterThan(2)
  })

  it('wait for a reader that takes nothing only up to a bound', async () => {
    const { lines, text, failWith, takeAtMost } = readerUnderTest()
    failWith('EAGAIN')
    for (let n = 0; n < 10; n += 1) lines.write('x'.repeat(1_048_576))
    await new Promise(resolve => setImmediate(resolve))
    takeAtMost(Number.POSITIVE_INFINITY)
    await eventually(() => expect(text().length).toBeGreaterThan(0))
    expect(text().length).toBe(4 * 1_048_576)
  })

  it('are lost when nobody reads any more, and nothing is tried again', async () => {
    const { lines, writes, failWith, takeAtMost } = readerUnderTest()
    failWith('EPIPE')
    lines.write('a\n')
    await new Promise(resolve => setImmediate(resolve))
    takeAtMost(Number.POSITIVE_INFINITY)
    lines.write('b\n')
    await new Promise(resolve => setImmediate(resolve))
    expect(writes).toEqual([])
  })
})
