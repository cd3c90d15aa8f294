// Which failures share an incident, so that a flood of them is told of without being amplified: those of one code and route
// within a second; and once a second has seen as many incidents as it may, all that follow in it.
import { newIncidentId } from './ids.ts'

export interface OpenIncident {
  readonly incidentId: string
  /** Of the first failure. */
  readonly requestId: string
  readonly code: string
  readonly route: string
  readonly fingerprint: string
  readonly openedAt: number
  /** Failures it stands for. */
  failures: number
  /** Of the first hundred of them. */
  readonly requestIds: Set<string>
  /** It stands for failures of any kind: there were too many kinds. */
  readonly overflow: boolean
}

export type NewFailure = Pick<OpenIncident, 'requestId' | 'code' | 'route' | 'fingerprint'>

const windowMs = 1_000
const maxRequestIds = 100

export class IncidentLedger {
  readonly #perSecond: number
  readonly #open = new Map<string, OpenIncident>()
  #second = Number.NEGATIVE_INFINITY
  #openedInSecond = 0
  #overflow: OpenIncident | undefined

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** The incident of this failure, and whether it is new; `now` in milliseconds of a clock that does not jump. */
  enter(failure: NewFailure, now: number): { incident: OpenIncident; isNew: boolean } {
    this.#turnTo(now)
    const key = `${failure.code} ${failure.route}`
    const known = this.#open.get(key)
    const shared = known !== undefined && now - known.openedAt < windowMs ? known : this.#overflow
    if (shared !== undefined) {
      shared.failures += 1
      if (shared.requestIds.size < maxRequestIds) shared.requestIds.add(failure.requestId)
      return { incident: shared, isNew: false }
    }
    this.#openedInSecond += 1
    const overflow = this.#openedInSecond >= this.#perSecond
    const requestIds = new Set([failure.requestId])
    const incident = { ...failure, incidentId: newIncidentId(), openedAt: now, failures: 1, requestIds, overflow }
    this.#open.set(key, incident)
    if (overflow) this.#overflow = incident
    return { incident, isNew: true }
  }

  #turnTo(now: number): void {
    if (now - this.#second < windowMs) return
    this.#second = now
    this.#openedInSecond = 0
    this.#overflow = undefined
    for (const [key, { openedAt }] of this.#open) if (now - openedAt >= windowMs) this.#open.delete(key)
  }
}
