import { describe, expect, it } from 'vitest'
import { historyFaults, judgeHistory } from './judge-history.ts'

const file = (number: number, checksum = `sum-${number}`) => ({
  number,
  name: `${String(number).padStart(4, '0')}-change`,
  path: '',
  checksum,
})
const applied = (number: number, checksum = `sum-${number}`) => ({ ...file(number, checksum), applied_at: new Date(0) })
const statesOf = (...args: Parameters<typeof judgeHistory>): string[] => judgeHistory(...args).map(one => one.state)

describe('judgeHistory', () => {
  it('knows what is applied and what is to be', () => {
    expect(statesOf([file(1), file(2), file(3)], [applied(1)])).toEqual(['applied', 'pending', 'pending'])
  })

  it('finds a migration that was edited', () => {
    const judged = judgeHistory([file(1, 'other'), file(2)], [applied(1), applied(2)])
    expect(judged.map(one => one.state)).toEqual(['edited', 'applied'])
    expect(historyFaults('s', judged)).toEqual([
      's: 0001-change was edited after it was applied: undo that, and write a new migration',
    ])
  })

  it('finds one that is lost, and one that came too late', () => {
    expect(statesOf([file(2), file(3)], [applied(1), applied(3)])).toEqual(['lost', 'skipped', 'applied'])
  })

  it('takes a database that is ahead for what it is', () => {
    const judged = judgeHistory([file(1)], [applied(1), applied(2)])
    expect(judged.map(one => one.state)).toEqual(['applied', 'newer'])
    expect(historyFaults('s', judged)).toEqual([])
  })
})
