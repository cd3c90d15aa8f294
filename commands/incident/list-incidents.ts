// The latest incidents, a line each.
import type { IncidentReader } from '@cairn/bus'
import { timeOfIncident } from '@cairn/contracts'

export interface ListedIncident {
  readonly incident_id: string
  readonly opened_at: string
  readonly service: string
  readonly route: string
  readonly code: string
  readonly failures: number
  readonly user_hash: string | undefined
  readonly fingerprint: string
}

/** Newest first. */
export const listIncidents = async (
  reader: IncidentReader,
  { most, userHash }: { most: number; userHash: string | undefined },
): Promise<ListedIncident[]> =>
  (await reader.latest(most, userHash)).flatMap(part =>
    part.opening === undefined
      ? []
      : [
          {
            incident_id: part.incident_id,
            opened_at: new Date(timeOfIncident(part.incident_id)).toISOString(),
            service: part.service,
            route: part.opening.route,
            code: part.opening.code,
            failures: part.opening.failures,
            user_hash: part.user_hash,
            fingerprint: part.opening.fingerprint,
          },
        ],
  )

/** Lines without their newlines. */
export const renderList = (incidents: readonly ListedIncident[]): string[] =>
  incidents.length === 0
    ? ['no incidents']
    : incidents.map(one => {
        const shared = one.failures > 1 ? ` ×${one.failures}` : ''
        return `${one.incident_id}  ${one.opened_at}  ${one.service}: ${one.code}  ${one.route}${shared}  ${one.fingerprint}`
      })
