// Work on a log that nobody waits for: catching up after a gap, comparing with the head. It is part of the frame or handshake that asked for it,
// else a request of its own, and its failure an incident; while the same goes on failing, for whomever, they
// share one, and a line says how many there were.
import { toCairnError } from '@cairn/contracts'
import type { Bus } from '@cairn/bus'
import { continueTrace, currentRequest, newRequestId, runInRequest } from '@cairn/runtime'
import { measured } from './measured.ts'
import { createThrottledWarning } from './throttled-warning.ts'

export interface Repair {
  /** Of the span and the incident; one of a few. */
  readonly name: string
  readonly userHash: () => string
  readonly work: () => Promise<void>
}

interface Shared {
  readonly incidentId: string
  readonly until: number
}

export class LogRepairs {
  readonly #bus: Bus
  readonly #shareMs: number
  readonly #warn: ReturnType<typeof createThrottledWarning>
  /** By what fails, and how. */
  readonly #shared = new Map<string, Shared>()

  /** `shareMs`: how long failures of one kind share an incident. */
  constructor(bus: Bus, shareMs: number) {
    this.#bus = bus
    this.#shareMs = shareMs
    const message = 'could not read the log; trying again'
    this.#warn = createThrottledWarning({ logger: bus.logger, message, intervalMs: shareMs })
  }

  /** Resolves with the incident when `work` fails; never rejects. */
  run({ name, userHash, work }: Repair): Promise<string | undefined> {
    if (currentRequest() !== undefined) return this.#attempt(name, work)
    const own = { requestId: newRequestId(), trace: continueTrace(), userHash: userHash() }
    return runInRequest(own, () => this.#attempt(name, () => measured(this.#bus.logger, { name, work })))
  }

  async #attempt(name: string, work: () => Promise<void>): Promise<string | undefined> {
    try {
      await work()
      return undefined
    } catch (error) {
      return this.#failed(name, error)
    }
  }

  #failed(name: string, error: unknown): string {
    const { code, fingerprint, cause } = toCairnError(error)
    const key = `${name} ${code} ${fingerprint ?? ''}`
    const now = performance.now()
    const shared = this.#shared.get(key)
    if (shared !== undefined && now < shared.until) {
      const about = { incident_id: shared.incidentId, code, error }
      this.#bus.logger.debug(about, 'a log could not be read')
      this.#warn(about)
      return shared.incidentId
    }
    for (const [known, { until }] of this.#shared) if (now >= until) this.#shared.delete(known)
    const incidentId = this.#bus.incidents.open({
      code,
      route: name,
      error: cause ?? error,
      fingerprint,
      message: 'a log could not be read',
    })
    this.#shared.set(key, { incidentId, until: now + this.#shareMs })
    return incidentId
  }
}
