// One service's part of an incident, made from what its flight recorder has of the request.
import { hostname } from 'node:os'
import { subjectOfPart, type IncidentPart } from '@cairn/contracts'
import type { OpenIncident, Recording } from '@cairn/runtime'
import manifest from '../../package.json' with { type: 'json' }
import type { SpooledPart } from './spool.ts'

export interface PartSource {
  readonly service: string
  readonly incidentId: string
  readonly requestId: string
  readonly recording: Recording | undefined
  /** Where this service is the one that opened it. */
  readonly opening?: OpenIncident
}

const instance = `${hostname()}-${process.pid}`
const version = `${manifest.version}, Node ${process.versions.node}`

const openingOf = ({ code, route, fingerprint, failures, requestIds, overflow }: OpenIncident) => ({
  code,
  route,
  fingerprint,
  failures,
  request_ids: [...requestIds],
  overflow,
})

const partOf = ({ service, incidentId, requestId, recording, opening }: PartSource): IncidentPart => ({
  incident_id: incidentId,
  request_id: requestId,
  service,
  instance,
  version,
  kept_at: new Date().toISOString(),
  ...(recording?.userHash === undefined ? {} : { user_hash: recording.userHash }),
  ...(opening === undefined ? {} : { opening: openingOf(opening) }),
  records: (recording?.lines ?? []).map(line => line.trimEnd()),
  dropped_records: recording?.dropped ?? 0,
  spans: (recording?.spans ?? []).map(span => ({ ...span }) as IncidentPart['spans'][number]),
})

/** Ready to be sent; sent again after something was added, it replaces what was sent before. */
export const packPart = (source: PartSource): SpooledPart => {
  const part = partOf(source)
  const subject = subjectOfPart(part)
  const state = `${source.recording?.changes ?? 0}-${source.opening?.failures ?? 0}`
  return { subject, id: `${subject} ${state}`, payload: JSON.stringify(part) }
}
