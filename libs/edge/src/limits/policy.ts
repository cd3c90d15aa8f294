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
