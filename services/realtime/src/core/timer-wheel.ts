// The one timer of a node. Whoever wants to be called later is put into the slot of that time; a turn of the wheel goes slot by
// slot, so what is not due costs nothing. A time beyond one turn is looked at once a turn, which its `tick` has to bear.

export interface Timed {
  /** The slot it is in; kept by the wheel. Begins as `notScheduled`. */
  slot: number
  /** Called when it is due; gives back when it wants to be called again, or undefined. Times are those of `performance.now()`. */
  tick(now: number): number | undefined
}

export const notScheduled = -1

export class TimerWheel {
  readonly #slots: Set<Timed>[]
  readonly #slotMs: number
  /** Number of the slot whose time has come last, counted from the beginning of time, not of the turn. */
  #current: number
  #timer: NodeJS.Timeout | undefined

  constructor({ slotMs, slots }: { slotMs: number; slots: number }) {
    this.#slotMs = slotMs
    this.#slots = Array.from({ length: slots }, () => new Set())
    this.#current = Math.floor(performance.now() / slotMs)
  }

  start(): void {
    this.#timer = setInterval(() => this.advance(performance.now()), this.#slotMs)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Replaces the time it was scheduled for before. */
  schedule(timed: Timed, dueAt: number): void {
    this.cancel(timed)
    const due = Math.ceil(dueAt / this.#slotMs)
    const slot = Math.min(Math.max(due, this.#current + 1), this.#current + this.#slots.length - 1)
    timed.slot = slot % this.#slots.length
    this.#slots[timed.slot]?.add(timed)
  }

  cancel(timed: Timed): void {
    if (timed.slot !== notScheduled) this.#slots[timed.slot]?.delete(timed)
    timed.slot = notScheduled
  }

  /** Calls all that is due by `now`. */
  advance(now: number): void {
    const until = Math.floor(now / this.#slotMs)
    // After a long pause one turn visits everybody.
    const first = Math.max(this.#current + 1, until - this.#slots.length + 1)
    for (let slot = first; slot <= until; slot += 1) {
      this.#current = slot
      const due = [...(this.#slots[slot % this.#slots.length] ?? [])]
      for (const timed of due) this.#call(timed, now)
    }
  }

  #call(timed: Timed, now: number): void {
    // Another one's tick may have taken it off the wheel.
    if (timed.slot === notScheduled) return
    this.cancel(timed)
    const next = timed.tick(now)
    if (next !== undefined) this.schedule(timed, next)
  }
}
