// The report of an incident, once everybody who took part had the time to hand over.
import { setTimeout as sleep } from 'node:timers/promises'
import type { IncidentReader } from '@cairn/bus'
import { timeOfIncident } from '@cairn/contracts'
import { buildReport, type IncidentReport } from './incident-report.ts'

/** Services add to their part for so long. */
const settledAfterMs = 2_000
/** A part may come by way of a spool. */
const arrivedAfterMs = 6_000
const pollMs = 200

/** Undefined when it is unknown, or older than what is kept. */
export const findIncident = async (reader: IncidentReader, incidentId: string): Promise<IncidentReport | undefined> => {
  const openedAt = timeOfIncident(incidentId)
  const age = (): number => Date.now() - openedAt
  if (age() >= 0 && age() < settledAfterMs) await sleep(settledAfterMs - age())
  for (;;) {
    const report = buildReport(incidentId, await reader.partsOf(incidentId))
    if (report !== undefined || age() < 0 || age() > arrivedAfterMs) return report
    await sleep(pollMs)
  }
}
