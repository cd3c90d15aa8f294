// Incidents with the same fingerprint, so that one can tell a new failure from a known one.
import type { IncidentReader } from '@cairn/bus'
import { timeOfIncident } from '@cairn/contracts'

export interface SimilarIncidents {
  /** In the last 24 hours, this one included. */
  readonly count: number
  readonly incidents: readonly { readonly incident_id: string; readonly opened_at: string }[]
}

const dayMs = 86_400_000
const openedAt = (incidentId: string): string => new Date(timeOfIncident(incidentId)).toISOString()

export const findSimilar = async (reader: IncidentReader, fingerprint: string): Promise<SimilarIncidents> => {
  const { count, parts } = await reader.similar(fingerprint, Date.now() - dayMs)
  return {
    count,
    incidents: parts.map(part => ({ incident_id: part.incident_id, opened_at: openedAt(part.incident_id) })),
  }
}
