// What a service does about incidents besides opening them: hands over its records of a request that failed here or
// elsewhere, and those of all requests when it crashes.
import { incidentOpenedSubject, IncidentOpened } from '@cairn/contracts'
import { type ConfigOf, type incidentVariables, type OpenIncident } from '@cairn/runtime'
import { Compile } from 'typebox/compile'
import type { Bus } from '../connection.ts'
import { publish, subscribe, type EventMessage } from '../events.ts'
import { packPart, type PartSource } from './incident-part.ts'
import { PartCourier } from './part-courier.ts'
import { Spool, type SpooledPart } from './spool.ts'

export type IncidentOptions = Omit<ConfigOf<typeof incidentVariables>, 'incidentsPerSecond'>

export interface IncidentKeeper {
  /** Logs an exception nobody caught, and writes the latest requests to disk before it returns. Gives back the incident's id. */
  readonly crashed: (error: unknown) => string
  stop(): Promise<void>
}

/** What a request still logs on its way out belongs to its records. */
const handOverAfterMs = 50
/** By then the last failure that shares the incident has come, and whoever was still working has said so. */
const settleAfterMs = 1_200
const maxWaiting = 500
const maxCrashRequests = 50
const unfinishedAfterMs = 60_000
const validator = Compile(IncidentOpened)

type Put = (part: SpooledPart) => void

class HandOver {
  readonly #bus: Bus
  readonly #courier: PartCourier
  /** What has to be sent when its timer is over, or at the end. */
  readonly #waiting = new Map<NodeJS.Timeout, (put: Put) => void>()
  /** Incidents opened here; their parts need no request from outside. */
  readonly #own = new Set<string>()

  constructor(bus: Bus, courier: PartCourier) {
    this.#bus = bus
    this.#courier = courier
  }

  opened(incident: OpenIncident): void {
    const { incidentId, requestId } = incident
    this.#own.add(incidentId)
    this.#begin({ incidentId, requestId, opening: incident }, () => this.#own.delete(incidentId))
    if (!this.#bus.nats.isClosed()) {
      publish(this.#bus, incidentOpenedSubject, { incident_id: incidentId, request_id: requestId })
    }
  }

  /** An incident that was opened elsewhere. Its request may still be worked on here, with nothing recorded yet. */
  heard(message: EventMessage): void {
    const asked: unknown = message.json()
    if (!validator.Check(asked) || this.#own.has(asked.incident_id)) return
    this.#begin({ incidentId: asked.incident_id, requestId: asked.request_id })
  }

  /** What waits has to go at once. */
  flush(put: Put): void {
    for (const [timer, send] of this.#waiting) {
      clearTimeout(timer)
      send(put)
    }
    this.#waiting.clear()
  }

  #begin(about: Omit<PartSource, 'service' | 'recording'>, done = (): void => undefined): void {
    const { logger } = this.#bus
    let recording = logger.recorder.find(about.requestId)
    let sent = ''
    const send = (put: Put): void => {
      recording ??= logger.recorder.find(about.requestId)
      if (recording === undefined && about.opening === undefined) return
      const part = packPart({ service: logger.service, recording, ...about })
      if (part.id !== sent) put(part)
      sent = part.id
    }
    this.#after(handOverAfterMs, send)
    this.#after(settleAfterMs, put => {
      send(put)
      done()
    })
  }

  #after(ms: number, send: (put: Put) => void): void {
    const put: Put = part => this.#courier.send(part)
    if (this.#waiting.size >= maxWaiting) {
      send(put)
      return
    }
    const timer = setTimeout(() => {
      this.#waiting.delete(timer)
      send(put)
    }, ms)
    timer.unref()
    this.#waiting.set(timer, send)
  }
}

const reportCrash = (bus: Bus, courier: PartCourier, error: unknown): string => {
  const { logger, incidents } = bus
  const incidentId = incidents.open({ code: 'crash', route: 'process', error, message: 'uncaught exception' }, 'fatal')
  // Whatever was being worked on fails with this process: its records lead here from any of those requests.
  for (const recording of logger.recorder.latest(maxCrashRequests)) {
    const { requestId } = recording.about
    courier.keepNow(packPart({ service: logger.service, incidentId, requestId, recording }))
  }
  return incidentId
}

const createCourier = (bus: Bus, options: IncidentOptions): PartCourier => {
  const { incidentPublishTimeoutMs: publishTimeoutMs, incidentMaxAgeSeconds } = options
  const spool = new Spool({
    directory: options.incidentSpoolDirectory,
    maxBytes: options.incidentSpoolBytes,
    maxFiles: options.incidentSpoolFiles,
    unfinishedAfterMs,
  })
  const settleMs = settleAfterMs + publishTimeoutMs + 1_000
  return new PartCourier({ bus, spool, publishTimeoutMs, settleMs, maxAgeMs: incidentMaxAgeSeconds * 1_000 })
}

/** From now on incidents opened on this bus are kept, and this service takes part in those of others. */
export const keepIncidents = (bus: Bus, options: IncidentOptions): IncidentKeeper => {
  const courier = createCourier(bus, options)
  const handOver = new HandOver(bus, courier)
  bus.incidents.carryWith({ opened: incident => handOver.opened(incident) })
  const heard = subscribe(bus, incidentOpenedSubject, message => handOver.heard(message))
  return {
    crashed: error => {
      const incidentId = reportCrash(bus, courier, error)
      handOver.flush(part => courier.keepNow(part))
      return incidentId
    },
    stop: async () => {
      heard.unsubscribe()
      handOver.flush(part => courier.send(part))
      await courier.stop()
    },
  }
}
