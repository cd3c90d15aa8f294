// Reading incidents back out of the stream: by id, by request, by fingerprint, by user, or the latest.
import {
  DeliverPolicy,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  type JetStreamManager,
  type OrderedConsumerOptions,
} from '@nats-io/jetstream'
import { incidentOfSubject, IncidentPart, incidentStream, incidentSubjects, timeOfIncident } from '@cairn/contracts'
import { Compile } from 'typebox/compile'
import type { Bus } from '../connection.ts'
import { streamNotFound } from '../stream.ts'

interface FoundParts {
  /** How many there are in all. */
  readonly count: number
  readonly parts: readonly IncidentPart[]
}

export interface IncidentReader {
  /** Every part of the incident, and of whatever else happened to its requests; none when it is unknown or too old. */
  partsOf(incidentId: string): Promise<readonly IncidentPart[]>
  /** The edges' parts of the latest incidents, newest first. */
  latest(most: number, userHash?: string): Promise<readonly IncidentPart[]>
  /** Ids of the incidents with that fingerprint that were opened since then (milliseconds since 1970), newest first. */
  similar(fingerprint: string, since: number): Promise<readonly string[]>
  /** How long incidents are kept, in milliseconds; undefined when nothing keeps any. */
  retentionMs(): Promise<number | undefined>
}

type From = Partial<Pick<OrderedConsumerOptions, 'deliver_policy' | 'opt_start_time' | 'opt_start_seq'>>

const mostParts = 500
const mostRequests = 5
/** Clocks of two machines differ, and parts are sent a little later than what they tell of. */
const slackMs = 60_000
const fetchExpiresMs = 3_000
const validator = Compile(IncidentPart)

const none: FoundParts = { count: 0, parts: [] }

const ifThere = async <T>(read: () => Promise<T>, otherwise: T): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === streamNotFound) return otherwise
    throw error
  }
}

const fromTime = (ms: number): From => ({
  deliver_policy: DeliverPolicy.StartTime,
  opt_start_time: new Date(ms).toISOString(),
})

const read = async (bus: Bus, filter: string, { from, most }: { from: From; most: number }): Promise<FoundParts> => {
  const consumer = await jetstream(bus.nats).consumers.get(incidentStream, { filter_subjects: filter, ...from })
  const { num_pending: count } = await consumer.info()
  const wanted = Math.min(count, most)
  if (wanted === 0) return none
  // A part that is replaced while it is read comes twice.
  const parts = new Map<string, IncidentPart>()
  let seen = 0
  for await (const message of await consumer.fetch({ max_messages: wanted, expires: fetchExpiresMs })) {
    const part = message.json<unknown>()
    if (validator.Check(part)) parts.set(message.subject, part)
    seen += 1
    if (seen === wanted) break
  }
  return { count, parts: [...parts.values()] }
}

/** From the end of the stream backwards, in steps that grow. */
const readLatest = async (
  bus: Bus,
  manager: JetStreamManager,
  { most, filter }: { most: number; filter: string },
): Promise<readonly IncidentPart[]> => {
  const { state } = await manager.streams.info(incidentStream)
  for (let back = most * 10; ; back *= 8) {
    const start = Math.max(state.first_seq, state.last_seq - back, 1)
    const from = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start }
    const { parts, count } = await read(bus, filter, { from, most: mostParts * 20 })
    if (count >= most || start <= state.first_seq || start === 1) return parts.slice(-most).toReversed()
  }
}

/** Reads what `keepIncidents` keeps. Rejects when JetStream cannot be asked. */
export const readIncidents = async (bus: Bus): Promise<IncidentReader> => {
  const manager = await jetstreamManager(bus.nats, { timeout: 3_000 })
  const partsOf = async (incidentId: string): Promise<readonly IncidentPart[]> => {
    const from = fromTime(timeOfIncident(incidentId) - slackMs)
    const { parts } = await read(bus, incidentSubjects({ incidentId }), { from, most: mostParts })
    const requestIds = [...new Set(parts.map(part => part.request_id))].slice(0, mostRequests)
    const related = await Promise.all(
      requestIds.map(requestId => read(bus, incidentSubjects({ requestId }), { from, most: mostParts })),
    )
    return [...parts, ...related.flatMap(found => found.parts).filter(part => part.incident_id !== incidentId)]
  }
  return {
    partsOf: incidentId => ifThere(() => partsOf(incidentId), []),
    latest: (most, userHash) => {
      const filter = incidentSubjects({ role: 'edge', ...(userHash === undefined ? {} : { userHash }) })
      return ifThere(() => readLatest(bus, manager, { most, filter }), [])
    },
    similar: (fingerprint, since) => {
      const filter = incidentSubjects({ role: 'edge', fingerprint })
      return ifThere(async () => {
        const { state } = await manager.streams.info(incidentStream, { subjects_filter: filter })
        const ids = new Set(Object.keys(state.subjects ?? {}).map(incidentOfSubject))
        return [...ids]
          .filter(id => timeOfIncident(id) >= since)
          .toSorted()
          .toReversed()
      }, [])
    },
    retentionMs: () =>
      ifThere(async () => (await manager.streams.info(incidentStream)).config.max_age / 1_000_000, undefined),
  }
}
