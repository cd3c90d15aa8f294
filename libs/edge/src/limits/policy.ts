// What a limit is, and what is said of one request under it.

export interface Policy {
  /** Short, lower case, one of its own: clients see it. */
  readonly name: string
  /** How many in one window. */
  readonly points: number
  readonly windowSeconds: number
}

export interface Verdict {
  readonly policy: Policy
  readonly allowed: boolean
  readonly remaining: number
  /** Whole seconds until the window ends. */
  readonly resetSeconds: number
}

export interface Reservation {
  /** When refused, nothing was counted; while others that may yet be given back stand in the way, `resetSeconds` is 1. */
  readonly verdict: Verdict
  /** Call it once. What is not kept is given back, unless its window is over. Never rejects. */
  readonly settle: (isKept: boolean) => Promise<void>
}

export interface Limiter {
  /** Counts one for `key`; what goes beyond the limit is counted too. Never rejects. */
  consume(key: string): Promise<Verdict>
  /** Counts `points` (a whole number, at least 1) if they fit, until it is known whether they should count. Rejects with `RangeError` alone. */
  reserve(key: string, points?: number): Promise<Reservation>
  /** Whether one more would be allowed, counting nothing. Never rejects. */
  peek(key: string): Promise<Verdict>
}
