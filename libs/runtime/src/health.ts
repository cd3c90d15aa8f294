// Whether a service can serve: named checks that all have to hold, dependencies that are only told of, and "draining", which
// ends it for good: at first it only says so, then it refuses.

export interface HealthReport {
  readonly ready: boolean
  readonly draining: boolean
  readonly checks: Readonly<Record<string, boolean>>
  /** What it does not need in order to serve, and is worth knowing. */
  readonly dependencies: Readonly<Record<string, boolean>>
}

export type Check = () => boolean
type Checks = Readonly<Record<string, Check>>

const results = (checks: Checks): Record<string, boolean> =>
  Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, check()]))

export class HealthState {
  readonly #checks: Checks
  readonly #dependencies: Checks
  #leaving = false
  #draining = false

  constructor(checks: Checks, dependencies: Checks = {}) {
    this.#checks = checks
    this.#dependencies = dependencies
  }

  /** From now on the service reports itself not ready, whatever its checks say, and still serves. */
  leave(): void {
    this.#leaving = true
  }

  /** From now on it takes nothing new, either. */
  drain(): void {
    this.#leaving = true
    this.#draining = true
  }

  get leaving(): boolean {
    return this.#leaving
  }

  get draining(): boolean {
    return this.#draining
  }

  report(): HealthReport {
    const checks = results(this.#checks)
    const ready = !this.#leaving && Object.values(checks).every(Boolean)
    return { ready, draining: this.#leaving, checks, dependencies: results(this.#dependencies) }
  }
}
