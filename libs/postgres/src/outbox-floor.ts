// Up to where an outbox holds nothing any more. Rows that were deleted stay in the index until it is vacuumed; without a floor
// each look wades through all of them (measured: 2.5 ms a look after 9 000 rows, and growing).
//
// Ids are not committed in order: below the greatest id seen, a transaction under way may still bring one. It has begun to
// write, so it has a transaction id below the one that comes next when that row is seen. Once every transaction below that one
// is over, nothing can appear below the row any more, and what is there is seen by the look that knows so.

export interface Look {
  /** Ids of the rows found above the floor, ascending. */
  readonly ids: readonly number[]
  /** Whether there may be more rows behind them. */
  readonly cut: boolean
  /** Whether rows were passed over. */
  readonly passedOver: boolean
  /** Of the look's snapshot: every transaction below it is over, and no transaction from it on has begun. */
  readonly xmin: number
  readonly xmax: number
}

export class OutboxFloor {
  #floor = 0
  /** The greatest id seen, and the transaction id from which on none that may bring a lower one can be. */
  #candidate: { readonly id: number; readonly xmax: number } | undefined

  /** Nothing is, or will be, at or below it. */
  get value(): number {
    return this.#floor
  }

  /** `left`: ids of the look's rows that are still there. */
  looked({ ids, cut, passedOver, xmin, xmax }: Look, left: ReadonlySet<number>): void {
    const last = ids.at(-1)
    if (last === undefined || passedOver) return
    const { id, xmax: begunBefore } = (this.#candidate ??= { id: last, xmax })
    if (xmin < begunBefore) return
    const seenTo = cut ? Math.min(id, last) : id
    const firstLeft = ids.find(one => left.has(one)) ?? Number.POSITIVE_INFINITY
    this.#floor = Math.max(this.#floor, Math.min(seenTo, firstLeft - 1))
    if (seenTo === id) this.#candidate = { id: last, xmax }
  }
}
