// Reading incidents back out of the stream: by id, by request, by fingerprint, by user, or the latest. What one looks for stands
// in the subjects, so JetStream is asked for those, and then for the parts one by one. No consumer is made: whoever may make one
// can have messages sent to any subject.
import { JetStreamApiError, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { IncidentPart, incidentOfSubject, incidentStream, incidentSubjects, timeOfIncident } from '@cairn/contracts'
import { Compile } from 'typebox/compile'
import type { Bus } from '../connection.ts'
import { streamNotFound } from '../stream.ts'

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

const mostParts = 500
const mostRequests = 5
const validator = Compile(IncidentPart)

const ifThere = async <T>(read: () => Promise<T>, otherwise: T): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === streamNotFound) return otherwise
    throw error
  }
}

/** Subjects of the parts that are kept, those of the oldest incident first: its id comes first in them, and in that its time. */
const subjectsOf = async ({ streams }: JetStreamManager, filter: string): Promise<readonly string[]> => {
  const { state } = await streams.info(incidentStream, { subjects_filter: filter })
  return Object.keys(state.subjects ?? {}).toSorted()
}

/** Those that are gone meanwhile, or are no parts, are left out. */
const readParts = async (
  { streams }: JetStreamManager,
  subjects: readonly string[],
): Promise<readonly IncidentPart[]> => {
  const messages = await Promise.all(
    subjects.map(subject => streams.getMessage(incidentStream, { last_by_subj: subject })),
  )
  const parts = messages.map(message => message?.json<unknown>())
  return parts.filter(part => validator.Check(part))
}

const readPartsOf = async (manager: JetStreamManager, incidentId: string): Promise<readonly IncidentPart[]> => {
  const some = async (filter: string): Promise<readonly IncidentPart[]> =>
    readParts(manager, (await subjectsOf(manager, filter)).slice(0, mostParts))
  const parts = await some(incidentSubjects({ incidentId }))
  const requestIds = [...new Set(parts.map(part => part.request_id))].slice(0, mostRequests)
  const related = await Promise.all(requestIds.map(requestId => some(incidentSubjects({ requestId }))))
  return [...parts, ...related.flat().filter(part => part.incident_id !== incidentId)]
}

/** Reads what `keepIncidents` keeps. Rejects when JetStream cannot be asked. */
export const readIncidents = async (bus: Bus): Promise<IncidentReader> => {
  const manager = await jetstreamManager(bus.nats, { timeout: 3_000 })
  return {
    partsOf: incidentId => ifThere(() => readPartsOf(manager, incidentId), []),
    latest: (most, userHash) => {
      const filter = incidentSubjects({ role: 'edge', ...(userHash === undefined ? {} : { userHash }) })
      return ifThere(
        async () => (await readParts(manager, (await subjectsOf(manager, filter)).slice(-most))).toReversed(),
        [],
      )
    },
    similar: (fingerprint, since) => {
      const filter = incidentSubjects({ role: 'edge', fingerprint })
      return ifThere(async () => {
        const ids = new Set((await subjectsOf(manager, filter)).map(incidentOfSubject))
        return [...ids].filter(id => timeOfIncident(id) >= since).toReversed()
      }, [])
    },
    retentionMs: () =>
      ifThere(async () => (await manager.streams.info(incidentStream)).config.max_age / 1_000_000, undefined),
  }
}
