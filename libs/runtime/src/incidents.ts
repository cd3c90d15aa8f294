// Opening an incident: an id for the client and the log, and the request's records on their way to where the command finds
// them. An edge calls `open` once for each failure; who carries the records is set by whoever has a bus.
import { fingerprintOf } from './fingerprint.ts'
import { IncidentLedger, type OpenIncident } from './incident-ledger.ts'
import { newRequestId } from './ids.ts'
import type { Logger } from './logger.ts'
import { currentRequest, runInRequest } from './request-context.ts'
import { continueTrace } from './trace-context.ts'

export interface Failure {
  /** Of the error catalogue, or `crash`. */
  readonly code: string
  /** What failed: method and route, consumer, job, frame type. */
  readonly route: string
  readonly error: unknown
  /** As the owner saw it, where this failure only passes on an owner's. */
  readonly fingerprint?: string | undefined
  /** Of the line in the log. */
  readonly message: string
  /** More for that line. */
  readonly about?: object
}

export interface IncidentCarrier {
  /** Called for every new incident, after its failure was logged. Must not throw. */
  opened(incident: OpenIncident): void
}

export class Incidents {
  readonly #logger: Logger
  readonly #ledger: IncidentLedger
  #carrier: IncidentCarrier | undefined

  constructor(logger: Logger, perSecond: number) {
    this.#logger = logger
    this.#ledger = new IncidentLedger(perSecond)
  }

  carryWith(carrier: IncidentCarrier): void {
    this.#carrier = carrier
  }

  /** Logs the failure, once, and gives back the id of its incident. A failure outside of any request gets a request of its own. */
  open(failure: Failure, level: 'error' | 'fatal' = 'error'): string {
    const request = currentRequest()
    if (request !== undefined) return this.#open(failure, level, request.requestId)
    const own = { requestId: newRequestId(), trace: continueTrace() }
    return runInRequest(own, () => this.#open(failure, level, own.requestId))
  }

  #open(failure: Failure, level: 'error' | 'fatal', requestId: string): string {
    const { code, route, error, message, about } = failure
    const fingerprint = failure.fingerprint ?? fingerprintOf({ service: this.#logger.service, code, route, error })
    const { incident, isNew } = this.#ledger.enter({ requestId, code, route, fingerprint }, performance.now())
    this.#logger[level]({ incident_id: incident.incidentId, code, route, error, ...about }, message)
    const request = currentRequest()
    if (request !== undefined) request.incidentId = incident.incidentId
    this.#logger.metrics.count('cairn.incidents', { code })
    if (isNew) this.#carrier?.opened(incident)
    return incident.incidentId
  }
}
