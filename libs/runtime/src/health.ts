// Whether a service can serve: named checks that all have to hold, and "draining", which ends it for good.

export interface HealthReport {
  readonly ready: boolean
  readonly draining: boolean
  readonly checks: Readonly<Record<string, boolean>>
}

export type Check = () => boolean

export class HealthState {
  readonly #checks: Readonly<Record<string, Check>>
  #draining = false

  constructor(checks: Readonly<Record<string, Check>>) {
    this.#checks = checks
  }

  /** From now on the service reports itself not ready, whatever its checks say. */
  drain(): void {
    this.#draining = true
  }

  get draining(): boolean {
    return this.#draining
  }

  report(): HealthReport {
    const checks = Object.fromEntries(Object.entries(this.#checks).map(([name, check]) => [name, check()]))
    return { ready: !this.#draining && Object.values(checks).every(Boolean), draining: this.#draining, checks }
  }
}
