// The floor of an outbox against a model: transactions that take ids, commit late or never, and a relay that looks.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutboxFloor } from './outbox-floor.ts'

describe('a floor', () => {
  it('rises once everything that was under way is over', () => {
    const floor = new OutboxFloor()
    floor.looked({ ids: [3, 5], cut: false, passedOver: false, xmin: 10, xmax: 14 }, new Set())
    expect(floor.value).toBe(0)
    floor.looked({ ids: [6], cut: false, passedOver: false, xmin: 13, xmax: 15 }, new Set())
    expect(floor.value).toBe(0)
    floor.looked({ ids: [4, 8], cut: false, passedOver: false, xmin: 14, xmax: 16 }, new Set())
    expect(floor.value).toBe(5)
  })

  it('stays below what is left, and where rows were passed over', () => {
    const floor = new OutboxFloor()
    floor.looked({ ids: [3, 5], cut: false, passedOver: false, xmin: 10, xmax: 10 }, new Set([5]))
    expect(floor.value).toBe(4)
    floor.looked({ ids: [5, 9], cut: false, passedOver: true, xmin: 12, xmax: 12 }, new Set())
    expect(floor.value).toBe(4)
  })
})

type Step = 'begin' | 'insert' | 'commit' | 'roll back' | 'look'
const steps = fc.array(
  fc.record({
    step: fc.constantFrom<Step>('begin', 'insert', 'insert', 'commit', 'commit', 'roll back', 'look'),
    pick: fc.nat(99),
    keeps: fc.boolean(),
  }),
  { minLength: 40, maxLength: 160 },
)
const batchSize = 3

it('never hides a row that is still to be published', () => {
  let rose = 0
  fc.assert(
    fc.property(steps, story => {
      const floor = new OutboxFloor()
      const open = new Map<number, number[]>()
      const table = new Set<number>()
      let nextXid = 1
      let nextId = 1
      const picked = (pick: number): number | undefined => [...open.keys()][pick % Math.max(open.size, 1)]
      for (const { step, pick, keeps } of story) {
        const xid = picked(pick)
        if (step === 'begin') open.set(nextXid++, [])
        else if (step === 'look') {
          const ids = [...table].sort((one, other) => one - other).slice(0, batchSize)
          const left = new Set(keeps ? ids.filter(id => id % 2 === 0) : [])
          for (const id of ids) if (!left.has(id)) table.delete(id)
          const look = { ids, cut: ids.length === batchSize, passedOver: false, xmax: nextXid }
          floor.looked({ ...look, xmin: Math.min(nextXid, ...open.keys()) }, left)
          rose = Math.max(rose, floor.value)
        } else if (xid !== undefined && step === 'insert') open.get(xid)?.push(nextId++)
        else if (xid !== undefined) {
          if (step === 'commit') for (const id of open.get(xid) ?? []) table.add(id)
          open.delete(xid)
        }
        expect(Math.min(...table)).toBeGreaterThan(floor.value)
      }
    }),
    { numRuns: 2_000 },
  )
  // Else it was never put to the test.
  expect(rose).toBeGreaterThan(5)
})
