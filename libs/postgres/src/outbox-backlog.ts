// For how long a relay has been behind, and for how long it has published nothing though rows wait.

export class OutboxBacklog {
  /** When everything seen was last published; undefined while it is. */
  #since: number | undefined
  /** The least id of what is left; undefined when that is not known. */
  #oldest: number | undefined
  #nothingTakenSince: number | undefined
  /** The place is new: it is not known yet whether what was left before waits still. */
  #isNew = false

  get ms(): number {
    return this.#since === undefined || this.#isNew ? 0 : performance.now() - this.#since
  }

  /** For so long nothing was taken, though rows wait. */
  get inVainMs(): number {
    return this.#nothingTakenSince === undefined ? 0 : performance.now() - this.#nothingTakenSince
  }

  /** The relay has got its place: until now another one may have been at work. */
  begin(): void {
    this.#isNew = true
    this.#nothingTakenSince = undefined
  }

  /** `oldest`: the least id found. When it is the one that was left before, it has waited all the while, whoever was at work. */
  looked(oldest: number | undefined): void {
    if (this.#isNew && oldest !== this.#oldest) this.#since = undefined
    this.#isNew = false
    if (oldest !== undefined) this.#since ??= performance.now()
  }

  /** `ids`: of rows that were published. */
  taken(ids: readonly number[]): void {
    if (ids.length > 0) this.#nothingTakenSince = undefined
    if (this.#oldest !== undefined && ids.includes(this.#oldest)) this.#oldest = undefined
  }

  /** After a look. `left`: ids of what it found that is still there; `more`: something may wait that it did not find. */
  settled(left: ReadonlySet<number>, more: boolean): void {
    if (left.size === 0 && !more) {
      this.#since = this.#oldest = this.#nothingTakenSince = undefined
      return
    }
    this.#nothingTakenSince ??= performance.now()
    const [first] = left
    if (first !== undefined) this.#oldest = Math.min(first, this.#oldest ?? first)
  }
}
