// Incidents with the same fingerprint, so that one can tell a new failure from a known one.
import type { IncidentReader } from '@cairn/bus'
import { timeOfIncident } from '@cairn/contracts'
import type { IncidentReport } from './incident-report.ts'

export interface SimilarIncidents {
  /** In the last 24 hours, this one left out. */
  readonly count: number
  /** The latest of them, newest first. */
  readonly incidents: readonly { readonly incident_id: string; readonly opened_at: string }[]
}

const dayMs = 86_400_000
const mostShown = 20
const openedAt = (incidentId: string): string => new Date(timeOfIncident(incidentId)).toISOString()

export const findSimilar = async (
  reader: IncidentReader,
  { fingerprint, incident_id: own }: Pick<IncidentReport, 'fingerprint' | 'incident_id'>,
): Promise<SimilarIncidents> => {
  const others = (await reader.similar(fingerprint, Date.now() - dayMs)).filter(id => id !== own)
  const incidents = others.slice(0, mostShown).map(id => ({ incident_id: id, opened_at: openedAt(id) }))
  return { count: others.length, incidents }
}
