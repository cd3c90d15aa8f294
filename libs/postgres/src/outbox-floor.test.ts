// The floor of an outbox against a model: transactions that take ids, commit late or never, and a relay that looks.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutboxFloor } from './outbox-floor.ts'

describe('a floor', () => {
  it('rises once everything that was under way is over', () => {
    const floor = new OutboxFloor()
    floor.looked({ ids: [3, 5], cut: false, passedOver: false, xmin: 10, laterXid: 14 }, new Set())
    expect(floor.value).toBe(0)
    floor.looked({ ids: [6], cut: false, passedOver: false, xmin: 13, laterXid: 15 }, new Set())
    expect(floor.value).toBe(0)
    floor.looked({ ids: [4, 8], cut: false, passedOver: false, xmin: 14, laterXid: 16 }, new Set())
    expect(floor.value).toBe(5)
  })

  it('rises at once when nothing is under way, and not by a look after which no transaction id was given out', () => {
    const floor = new OutboxFloor()
    floor.looked({ ids: [3], cut: false, passedOver: false, xmin: 10, laterXid: undefined }, new Set([3]))
    expect(floor.value).toBe(0)
    floor.looked({ ids: [3, 5], cut: false, passedOver: false, xmin: 10, laterXid: 10 }, new Set())
    expect(floor.value).toBe(5)
  })

  it('rises with rows that no look found', () => {
    const floor = new OutboxFloor()
    floor.deleted(7, 14)
    floor.looked({ ids: [], cut: false, passedOver: false, xmin: 13, laterXid: undefined }, new Set())
    expect(floor.value).toBe(0)
    floor.looked({ ids: [], cut: false, passedOver: false, xmin: 14, laterXid: undefined }, new Set())
    expect(floor.value).toBe(7)
  })

  it('stays below what is left, and where rows were passed over', () => {
    const floor = new OutboxFloor()
    floor.looked({ ids: [3, 5], cut: false, passedOver: false, xmin: 10, laterXid: 10 }, new Set([5]))
    expect(floor.value).toBe(4)
    floor.looked({ ids: [5, 9], cut: false, passedOver: true, xmin: 12, laterXid: 12 }, new Set())
    expect(floor.value).toBe(4)
  })
})

type Step = 'begin' | 'insert' | 'commit' | 'roll back' | 'look' | 'delete' | 'delete unlooked'
const steps = fc.array(
  fc.record({
    step: fc.constantFrom<Step>(
      'begin',
      'insert',
      'insert',
      'commit',
      'commit',
      'roll back',
      'look',
      'delete',
      'delete unlooked',
    ),
    pick: fc.nat(99),
    keeps: fc.boolean(),
  }),
  { minLength: 40, maxLength: 160 },
)
const batchSize = 3

/** Transactions as PostgreSQL counts them, the outbox they fill, and a relay whose look and deletion are two steps. */
class Story {
  readonly floor = new OutboxFloor()
  readonly table = new Set<number>()
  readonly #open = new Map<number, number[]>()
  #nextXid = 1
  #nextId = 1
  #lastOver = 0
  #look: { ids: number[]; xmin: number } | undefined

  take(step: Step, pick: number, keeps: boolean): void {
    const xid = [...this.#open.keys()][pick % Math.max(this.#open.size, 1)]
    if (step === 'begin') this.#open.set(this.#nextXid++, [])
    else if (step === 'look') this.#look ??= { ids: this.#found(), xmin: this.#xmin() }
    else if (step === 'delete') this.#delete(keeps)
    else if (step === 'delete unlooked') this.#deleteUnlooked(pick)
    else if (xid !== undefined && step === 'insert') this.#open.get(xid)?.push(this.#nextId++)
    else if (xid !== undefined) this.#end(xid, step === 'commit')
  }

  #found(): number[] {
    const above = [...this.table].filter(id => id > this.floor.value)
    return above.sort((one, other) => one - other).slice(0, batchSize)
  }

  /** The lowest transaction under way, of those below one past the last that is over. */
  #xmin(): number {
    return Math.min(this.#lastOver + 1, ...this.#open.keys())
  }

  #end(xid: number, commits: boolean): void {
    if (commits) for (const id of this.#open.get(xid) ?? []) this.table.add(id)
    this.#open.delete(xid)
    this.#lastOver = Math.max(this.#lastOver, xid)
  }

  #delete(keeps: boolean): void {
    const look = this.#look
    if (look === undefined) return
    this.#look = undefined
    const left = new Set(keeps ? look.ids.filter(id => id % 2 === 0) : [])
    const published = look.ids.filter(id => !left.has(id))
    for (const id of published) this.table.delete(id)
    const laterXid = published.length > 0 ? this.#nextXid++ : undefined
    if (laterXid !== undefined) this.#end(laterXid, false)
    this.floor.looked({ ...look, cut: look.ids.length === batchSize, passedOver: false, laterXid }, left)
  }

  /** Rows that somebody told of are deleted between looks. */
  #deleteUnlooked(pick: number): void {
    const id = [...this.table][pick % Math.max(this.table.size, 1)]
    if (this.#look !== undefined || id === undefined) return
    this.table.delete(id)
    const laterXid = this.#nextXid++
    this.#end(laterXid, false)
    this.floor.deleted(id, laterXid)
  }
}

it('never hides a row that is still to be published', () => {
  let rose = 0
  fc.assert(
    fc.property(steps, taken => {
      const story = new Story()
      for (const { step, pick, keeps } of taken) {
        story.take(step, pick, keeps)
        rose = Math.max(rose, story.floor.value)
        expect(Math.min(...story.table)).toBeGreaterThan(story.floor.value)
      }
    }),
    { numRuns: 2_000 },
  )
  // Else it was never put to the test.
  expect(rose).toBeGreaterThan(5)
})
