// Up to where an outbox holds nothing any more. Rows that were deleted stay in the index until it is vacuumed; without a floor
// each look wades through all of them (measured: 2.5 ms a look after 9 000 rows, and growing).
//
// Ids are not committed in order: below the greatest id seen, a transaction under way may still bring one. It has begun to
// write before, so its transaction id is below any that is given out after that look. Once every transaction below such a one
// is over, nothing can appear below the row any more, and what is there is seen by the look that knows so. The look's own
// snapshot has no such bound: its xmax is one past the last transaction that is over, and later ones may be under way.

export interface Look {
  /** Ids of the rows found above the floor, ascending. */
  readonly ids: readonly number[]
  /** Whether there may be more rows behind them. */
  readonly cut: boolean
  /** Whether rows were passed over. */
  readonly passedOver: boolean
  /** Of the look's snapshot: every transaction below it is over. */
  readonly xmin: number
  /** A transaction id given out after the look; undefined when none was. */
  readonly laterXid: number | undefined
}

export class OutboxFloor {
  #floor = 0
  /** The greatest id seen, and a transaction id above those of all that may bring a lower one. */
  #candidate: { readonly id: number; readonly laterXid: number } | undefined

  /** Nothing is, or will be, at or below it. */
  get value(): number {
    return this.#floor
  }

  /** Rows that no look had to find, `id` the greatest, were seen to be committed, and then `laterXid` was given out. */
  deleted(id: number, laterXid: number): void {
    this.#candidate ??= { id, laterXid }
  }

  /** `left`: ids of the look's rows that are still there. */
  looked({ ids, cut, passedOver, xmin, laterXid }: Look, left: ReadonlySet<number>): void {
    if (passedOver) return
    const last = ids.at(-1)
    const next = last === undefined || laterXid === undefined ? undefined : { id: last, laterXid }
    this.#candidate ??= next
    if (this.#candidate === undefined || xmin < this.#candidate.laterXid) return
    const { id } = this.#candidate
    const seenTo = cut && last !== undefined ? Math.min(id, last) : id
    const firstLeft = ids.find(one => left.has(one)) ?? Number.POSITIVE_INFINITY
    this.#floor = Math.max(this.#floor, Math.min(seenTo, firstLeft - 1))
    if (seenTo === id) this.#candidate = next
  }
}
