// Every incident that a test's client was told of has to resolve, whatever the test is about: noted as answers come in, looked
// up before the test's bus goes away.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Bus, readIncidents } from '@cairn/bus'
import { captureLogs } from './captured-logs.ts'
import { eventually } from './eventually.ts'

const notedByGateway = new Map<string, Set<string>>()
const connectWithinMs = 3_000

export const noteIncident = (gatewayUrl: string, incidentId: string): void => {
  const noted = notedByGateway.get(gatewayUrl) ?? new Set()
  notedByGateway.set(gatewayUrl, noted.add(incidentId))
}

const connect = async (url: string): Promise<Bus | undefined> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => (timer = setTimeout(() => resolve(undefined), connectWithinMs)))
  const logger = captureLogs('silent').loggerFor('test')
  const bus = await Promise.race([Bus.connect({ url, name: 'incidents', logger }), late])
  clearTimeout(timer)
  return bus
}

/** Parts that a bus that is gone could not take. */
const spooledIn = (directory: string): string => {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      .join()
  } catch {
    return ''
  }
}

/** Asserts that what the gateway's clients were told of is kept: in the stream, or in the spool where a test left the bus dead. */
export const assertIncidentsKept = async (
  gatewayUrl: string,
  { natsUrl, spool }: { natsUrl: string; spool: string },
): Promise<void> => {
  const noted = notedByGateway.get(gatewayUrl)
  notedByGateway.delete(gatewayUrl)
  if (noted === undefined) return
  const bus = await connect(natsUrl)
  try {
    const reader = bus === undefined ? undefined : await readIncidents(bus).catch(() => undefined)
    for (const incidentId of noted) {
      await eventually(async () => {
        const parts = (await reader?.partsOf(incidentId)) ?? []
        const kept = parts.some(part => part.incident_id === incidentId) || spooledIn(spool).includes(incidentId)
        assert.ok(kept, `${gatewayUrl}: ${incidentId} does not resolve`)
      })
    }
  } finally {
    await bus?.drain(0)
  }
}
